"""A scene whose clean plate is known, cleaned and compared: what `cleanplate demo` does."""
