"""The pages in a real Chromium. `SCREENSHOTS=1` writes the pictures of the documentation besides."""
