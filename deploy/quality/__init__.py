"""How near one video is to another, and how good a filled hole looks: `cleanplate eval`."""
