"""A web application that keeps users in Riak."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, HTTPException, Request

from aioriak import RiakClient


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with RiakClient.from_url(os.environ["RIAK_URL"]) as client:
        app.state.users = client.bucket("users")
        yield


app = FastAPI(lifespan=lifespan)


@app.put("/users/{name}")
async def store(name: str, request: Request) -> dict[str, str]:
    await request.app.state.users.new_object(name, await request.json()).store()
    return {"stored": name}


@app.get("/users/{name}")
async def read(name: str, request: Request) -> object:
    user = await request.app.state.users.get(name)
    if not user.exists:
        raise HTTPException(404)
    return user.data
