import pytest
from application import app
from fastapi.testclient import TestClient


@pytest.fixture
def web(riak_server_thread, monkeypatch):
    monkeypatch.setenv("RIAK_URL", f"riak://{riak_server_thread.address}")
    with TestClient(app) as client:
        yield client


def test_a_user_is_stored(web, riak_server_thread):
    assert web.put("/users/ada", json={"age": 36}).json() == {"stored": "ada"}
    assert web.get("/users/ada").json() == {"age": 36}
    assert [request.key for request in riak_server_thread.requests.filter("put")] == ["ada"]


def test_each_test_begins_without_users(web):
    assert web.get("/users/ada").status_code == 404


def test_a_failing_node_is_survived(web, riak_server_thread):
    riak_server_thread.siblings("users", "ada", {"age": 36})
    fault = riak_server_thread.faults.error("get", "overload", times=1)
    assert web.get("/users/ada").json() == {"age": 36}
    assert fault.hits == 1
