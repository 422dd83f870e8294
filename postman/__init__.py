"""The Postman collection and its runner."""
