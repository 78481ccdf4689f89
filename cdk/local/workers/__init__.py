"""Stand-ins for what AWS does by itself and moto does not: polling, relaying, scheduling, buffering, trying again."""
