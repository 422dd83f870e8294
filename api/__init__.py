"""The REST API: views, serializers, error format, OpenAPI document. The rules are in `users`."""
