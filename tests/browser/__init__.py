"""The pages in Chromium. `SCREENSHOTS=1` also writes the images of the documentation."""
