"""Sends ten thousand generated requests to the deployed stack: `python -m tests.fuzz`. No response may be a 5xx."""
