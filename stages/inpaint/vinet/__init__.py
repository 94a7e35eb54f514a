"""VINet as an engine: a learned window over t-6, t-3, t, t+3 and t+6, that looks at its own last answer too."""
