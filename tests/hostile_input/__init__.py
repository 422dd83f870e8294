"""Whatever comes over the wire gets a 2xx or a clear 4xx, never a 5xx, never HTML; what is refused changes nothing."""
