"""Label Studio from outside, for its administrator: labelling config, set-up, check, export; through its own API."""
