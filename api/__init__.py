"""HTTP only: views, serializers, the error format, the documentation. Every rule is in `users`."""
