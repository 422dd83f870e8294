"""Every request gets a 2xx or a 4xx problem document, never a 5xx or HTML; refused requests change nothing."""
