"""Ten thousand generated requests against the real stack: `python -m tests.fuzz`. None may be answered with a 5xx."""
