"""Records, their versions and samples; codecs, wire format and the registry's client (light install)."""
