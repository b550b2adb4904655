"""One connection to a node: an asyncio Protocol around a session."""
