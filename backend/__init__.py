"""The HTTP server: the engine for remote clients and Label Studio's protocol."""
