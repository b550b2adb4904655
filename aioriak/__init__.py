"""The asyncio client for Riak KV."""
