"""The domain: users, sign-in, referrals, messages. Imports none of the API, the pages and the panel."""
