"""The domain: people, confirmation codes, referrals, delivery. Knows nothing of HTTP."""
