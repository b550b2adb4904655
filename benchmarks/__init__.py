"""Measures this client beside what asyncio allows and beside the clients that came before it."""
