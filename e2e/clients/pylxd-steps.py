"""Steps of pylxd.e2e-spec.ts: `pylxd-steps.py STEP [IMAGE FILE]` drives the daemon of LXD_DIR with Debian's python3-pylxd."""

import sys
import warnings

warnings.simplefilter("ignore")

import pylxd  # noqa: E402
from pylxd.exceptions import LXDAPIException, NotFound  # noqa: E402

client = pylxd.Client()


def raises(kind, call):
    try:
        call()
    except kind as problem:
        return problem
    raise AssertionError(f"{kind.__name__} was expected")


def server(_):
    assert client.host_info["environment"]["server"] == "lxctl"
    assert client.has_api_extension("instances")
    assert not client.has_api_extension("clustering")
    assert client.trusted
    resources = client.api.resources.get().json()["metadata"]
    assert resources["memory"]["total"] > resources["memory"]["used"] > 0
    assert client.api.cluster.get().json()["metadata"]["enabled"] is False
    assert client.certificates.all() == []


def life(_):
    assert client.containers.all() == []
    config = {"name": "py", "source": {"type": "image", "alias": "busybox"}, "config": {"user.note": "x"}}
    made = client.containers.create(config, wait=True)
    assert made.status == "Stopped" and made.config["user.note"] == "x"
    assert client.containers.exists("py") and not client.containers.exists("nope")
    made.start(wait=True)
    assert made.status == "Running"
    assert [each.name for each in client.containers.all()] == ["py"]
    state = made.state()
    assert state.status == "Running" and state.pid > 0 and "eth0" in state.network
    made.description = "by hand"
    made.config["user.note"] = "y"
    made.save(wait=True)
    assert client.containers.get("py").description == "by hand"
    made.freeze(wait=True)
    assert client.containers.get("py").status == "Frozen"
    made.unfreeze(wait=True)
    made.restart(force=True, wait=True)
    assert client.containers.get("py").status == "Running"


def execute(_):
    py = client.containers.get("py")
    result = py.execute(["sh", "-c", "echo out; echo err >&2; exit 3"])
    assert tuple(result) == (3, "out\n", "err\n"), result
    result = py.execute(["sh", "-c", "echo $A $HOME"], environment={"A": "b"})
    assert tuple(result) == (0, "b /root\n", ""), result
    assert py.execute(["cat"], stdin_payload="through").stdout == "through"
    assert len(py.execute(["sh", "-c", "yes | head -c 300000"]).stdout) == 300000
    assert py.execute(["/nonexistent"]).exit_code == 127


def snapshots(_):
    py = client.containers.get("py")
    assert py.snapshots.all() == []
    py.snapshots.create("s", wait=True)
    py.snapshots.get("s").rename("t", wait=True)
    assert [each.name for each in py.snapshots.all()] == ["t"]
    raises(NotFound, lambda: py.snapshots.get("s"))
    py.snapshots.get("t").restore(wait=True)
    assert client.containers.get("py").status == "Running"
    py.snapshots.get("t").delete(wait=True)
    assert py.snapshots.all() == []


def files(tree):
    py = client.containers.get("py")
    assert py.files.get("/etc/passwd").startswith(b"root:")
    py.files.put("/root/made", b"one\n", mode=0o640, uid=3, gid=4)
    assert py.execute(["stat", "-c", "%a %u %g", "/root/made"]).stdout == "640 3 4\n"
    py.files.recursive_put(tree, "/root/tree")
    assert py.files.get("/root/tree/metadata.yaml").startswith(b"architecture: ")
    assert py.files.delete_available()
    py.files.delete("/root/made")
    raises(NotFound, lambda: py.files.get("/root/made"))


def absent(_):
    problem = raises(LXDAPIException, lambda: client.api.networks["lxdbr0"].forwards.get())
    assert "network forwards" in str(problem), problem


def end(_):
    py = client.containers.get("py")
    problem = raises(LXDAPIException, lambda: py.delete(wait=True))
    assert "Instance is running" in str(problem), problem
    py.stop(force=True, wait=True)
    assert py.status == "Stopped"
    py.rename("py2", wait=True)
    client.containers.get("py2").delete(wait=True)
    raises(NotFound, lambda: client.containers.get("py2"))
    assert client.containers.all() == []


def images(path):
    with open(path, "rb") as file:
        data = file.read()
    image = client.images.create(data, public=False, wait=True)
    assert client.images.exists(image.fingerprint)
    image.add_alias("py/one", "first")
    assert client.images.get_by_alias("py/one").fingerprint == image.fingerprint
    assert client.images.exists("py/one", alias=True)
    assert {"name": "py/one", "description": "first"}.items() <= client.images.get(image.fingerprint).aliases[0].items()
    image.properties["color"] = "red"
    image.save(wait=True)
    assert client.images.get(image.fingerprint).properties["color"] == "red"
    exported = image.export()
    assert exported.read() == data
    image.delete_alias("py/one")
    raises(NotFound, lambda: client.images.get_by_alias("py/one"))
    problem = raises(LXDAPIException, lambda: client.images.create(data, wait=True))
    assert "same fingerprint" in str(problem), problem
    image.delete(wait=True)
    raises(NotFound, lambda: client.images.get(image.fingerprint))
    problem = raises(LXDAPIException, lambda: client.images.create(b"this is no image", wait=True))
    assert "not an archive" in str(problem), problem


def profiles(_):
    made = client.profiles.create("small", config={"limits.memory": "64MiB"}, devices={})
    assert made.config == {"limits.memory": "64MiB"}
    made.description = "few"
    made.save()
    assert client.profiles.get("small").description == "few"
    made.rename("tiny")
    assert client.profiles.exists("tiny")
    assert sorted(each.name for each in client.profiles.all()) == ["default", "tiny"]
    client.profiles.get("tiny").delete()
    raises(NotFound, lambda: client.profiles.get("tiny"))
    problem = raises(LXDAPIException, lambda: client.profiles.create("bad", config={"limits.memory": "banana"}))
    assert "limits.memory" in str(problem), problem


def networks(_):
    name = "py" + client.host_info["environment"]["certificate_fingerprint"][:8]
    made = client.networks.create(name, description="d", type="bridge", config={"ipv4.address": "none", "ipv6.address": "none"})
    assert made.managed and made.config["ipv4.address"] == "none"
    made.description = "e"
    made.save()
    assert client.networks.get(name).description == "e"
    assert name in [each.name for each in client.networks.all()]
    assert client.api.networks[name].state.get().json()["metadata"]["mtu"] == 1500
    made.delete()
    raises(NotFound, lambda: client.networks.get(name))
    raises(NotFound, lambda: client.networks.get("nope"))


def pools(_):
    made = client.storage_pools.create({"name": "pypool", "driver": "dir", "config": {}})
    assert made.driver == "dir"
    made.description = "d"
    made.save()
    pool = client.storage_pools.get("pypool")
    assert pool.description == "d"
    assert pool.resources.get().space["total"] > 0
    assert pool.volumes.all() == []
    assert client.storage_pools.exists("pypool")
    pool.delete()
    raises(NotFound, lambda: client.storage_pools.get("pypool"))


def operations(_):
    response = client.api.instances.post(json={"name": "op", "source": {"type": "none"}})
    operation = client.operations.get(response.json()["operation"])
    assert operation.description == "Creating instance", operation.description
    operation.wait()
    client.operations.wait_for_operation(response.json()["operation"])
    client.containers.get("op").delete(wait=True)
    raises(NotFound, lambda: client.operations.get("00000000-0000-0000-0000-000000000000"))
    for call in (client.containers.get, client.images.get, client.profiles.get, client.networks.get, client.storage_pools.get):
        assert "not found" in str(raises(NotFound, lambda: call("nope"))).lower()


globals()[sys.argv[1]](sys.argv[2] if len(sys.argv) > 2 else None)
