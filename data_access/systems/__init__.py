"""The chatbots' layouts: TOML files, their loader, and the check against the live tables."""
