"""The Postman collection, and what runs it."""
