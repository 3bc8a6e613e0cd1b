"""Label Studio's protocol: what it asks an ML backend, what it does with the answer, what it tells by webhook."""
