# SPDX-License-Identifier: Apache-2.0
"""Every bound of a field: what lies on it is taken, what lies one step behind it is refused, by an error that names field, value and bound."""
import pytest
from alibabacloud_fc20230330 import models as m
from test_functions import minimal, refused

LETTERS = "a" * 64
HOOK = m.LifecycleHook


class Loose:
    """What goes into the body as it is, and not in the shape that the SDK knows."""

    def __init__(self, value):
        self.value = value

    def validate(self):
        pass

    def to_map(self):
        return self.value


def container(image, **fields):
    return m.CustomContainerConfig(image=image, **fields)


def health(**fields):
    return {"custom_container_config": {"health_check_config": m.CustomHealthCheckConfig(**{"http_get_url": "/h", **fields})}}


def registry(**fields):
    return {"custom_container_config": {"registry_config": m.RegistryConfig(**fields)}}


def variables(size):
    return {"environment_variables": {"A": "x" * (size - 1)}}


# Fields that are taken.
TAKEN = [
    {"timeout": 1}, {"timeout": 86400}, {"memory_size": 128, "cpu": 0.05}, {"memory_size": 32768, "cpu": 16}, {"memory_size": 32768, "cpu": 8},
    {"cpu": 0.05, "memory_size": 192}, {"cpu": 1, "memory_size": 1024}, {"cpu": 1, "memory_size": 4096},
    {"disk_size": 512}, {"disk_size": 10240}, {"instance_concurrency": 1}, {"instance_concurrency": 200}, {"idle_timeout": 0}, {"idle_timeout": 86400},
    variables(4096), {"environment_variables": {"a_1": ""}}, {"description": "x" * 1024},
    {"custom_container_config": {"port": 1}}, {"custom_container_config": {"port": 65535}},
    {"custom_container_config": {"acceleration_type": "None"}}, {"custom_container_config": {"acceleration_type": "Default"}},
    health(http_get_url="/" + "x" * 2047), health(initial_delay_seconds=0), health(initial_delay_seconds=120), health(period_seconds=1),
    health(period_seconds=120), health(timeout_seconds=1), health(timeout_seconds=3), health(failure_threshold=1), health(failure_threshold=120),
    health(success_threshold=1), health(success_threshold=120),
    {"instance_lifecycle_config": m.InstanceLifecycleConfig(initializer=HOOK(handler="i", timeout=300), pre_stop=HOOK(handler="p", timeout=90))},
    {"instance_lifecycle_config": m.InstanceLifecycleConfig(initializer=HOOK(handler="i", timeout=1), pre_stop=HOOK(handler="p", timeout=1))},
    *({"disable_inject_credentials": word} for word in ("None", "Env", "Request", "All")),
    {"instance_isolation_mode": "SHARE"}, {"session_affinity": "NONE"}, {"tags": [m.Tag(key=f"k{n}", value="v") for n in range(20)]},
    {"tags": [m.Tag(key="k" * 128, value="v" * 128)]}, {"log_config": m.LogConfig(log_begin_rule="DefaultRegex")},
    {"session_affinity_config": "{}"},
]

# Fields that are refused, and what the error says of them.
REFUSED = [
    ({"timeout": 0}, ("timeout", "0", "1 to 86400")), ({"timeout": 86401}, ("timeout", "86401", "1 to 86400")), ({"timeout": 1.5}, ("timeout", "1.5", "whole")),
    ({"timeout": "3"}, ("timeout", '"3"', "whole")),
    ({"memory_size": 64}, ("memorySize", "64", "128 to 32768")), ({"memory_size": 32832}, ("memorySize", "32832", "128 to 32768")),
    ({"memory_size": 500}, ("memorySize", "500", "multiple of 64")), ({"cpu": 0}, ("cpu", "0", "0.05 to 16")), ({"cpu": 16.05}, ("cpu", "16.05", "0.05 to 16")),
    ({"cpu": 0.07}, ("cpu", "0.07", "multiple of 0.05")), ({"cpu": 1, "memory_size": 960}, ("cpu 1", "memorySize 960", "1 to 4 GB")),
    ({"cpu": 1, "memory_size": 4160}, ("cpu 1", "memorySize 4160", "1 to 4 GB")), ({"disk_size": 513}, ("diskSize", "513", "512 or 10240")),
    ({"instance_concurrency": 0}, ("instanceConcurrency", "0", "1 to 200")), ({"instance_concurrency": 201}, ("instanceConcurrency", "201", "1 to 200")),
    ({"idle_timeout": -1}, ("idleTimeout", "-1", "0 to 86400")), ({"idle_timeout": 86401}, ("idleTimeout", "86401", "0 to 86400")),
    (variables(4097), ("environmentVariables", "4097", "4096")), ({"environment_variables": {"1A": "x"}}, ("environmentVariables", "1A", "letter")),
    ({"environment_variables": {"A-B": "x"}}, ("environmentVariables", "A-B", "letters")), ({"environment_variables": {"FC_X": "x"}}, ("environmentVariables", "FC_X")),
    ({"environment_variables": {"A": 1}}, ("environmentVariables.A", "1", "string")), ({"description": "x" * 1025}, ("description", "1024")),
    ({"runtime": "python3.10"}, ("runtime", "python3.10", "custom-container")), ({"runtime": None}, ("runtime", "required")),
    ({"handler": None}, ("handler", "required")), ({"custom_container_config": None}, ("customContainerConfig.image", "required")),
    ({"code": m.InputCodeLocation(zip_file="UEs=")}, ("code", "customContainerConfig")),
    ({"custom_runtime_config": m.CustomRuntimeConfig(port=1)}, ("customRuntimeConfig", "customContainerConfig")),
    ({"custom_container_config": {"port": 0}}, ("customContainerConfig.port", "0", "1 to 65535")),
    ({"custom_container_config": {"port": 65536}}, ("customContainerConfig.port", "65536", "1 to 65535")),
    ({"custom_container_config": {"image": "a b"}}, ("customContainerConfig.image", "a b")),
    ({"custom_container_config": {"entrypoint": "/bin/sh"}}, ("customContainerConfig.entrypoint", "/bin/sh", "list of strings")),
    ({"custom_container_config": {"command": [1]}}, ("customContainerConfig.command", "1", "list of strings")),
    ({"custom_container_config": {"acceleration_type": "Fast"}}, ("customContainerConfig.accelerationType", "Fast", "Default, None")),
    ({"custom_container_config": {"health_check_config": m.CustomHealthCheckConfig(period_seconds=3)}}, ("healthCheckConfig.httpGetUrl", "required")),
    (health(http_get_url="h"), ("healthCheckConfig.httpGetUrl", "h", "/")), (health(http_get_url="/" + "x" * 2048), ("healthCheckConfig.httpGetUrl", "2048")),
    (health(initial_delay_seconds=-1), ("initialDelaySeconds", "-1", "0 to 120")), (health(initial_delay_seconds=121), ("initialDelaySeconds", "121", "0 to 120")),
    (health(period_seconds=0), ("periodSeconds", "0", "1 to 120")), (health(period_seconds=121), ("periodSeconds", "121", "1 to 120")),
    (health(timeout_seconds=0), ("timeoutSeconds", "0", "1 to 3")), (health(timeout_seconds=4), ("timeoutSeconds", "4", "1 to 3")),
    (health(failure_threshold=0), ("failureThreshold", "0", "1 to 120")), (health(failure_threshold=121), ("failureThreshold", "121", "1 to 120")),
    (health(success_threshold=0), ("successThreshold", "0", "1 to 120")), (health(success_threshold=121), ("successThreshold", "121", "1 to 120")),
    (registry(auth_config=m.RegistryAuthConfig(user_name=1)), ("registryConfig.authConfig.userName", "1", "string")),
    (registry(cert_config=m.RegistryCertConfig(insecure="yes")), ("registryConfig.certConfig.insecure", "yes", "true or false")),
    (registry(cert_config=m.RegistryCertConfig(root_ca_cert_base_64="%")), ("registryConfig.certConfig.rootCaCertBase64",)),
    ({"instance_lifecycle_config": m.InstanceLifecycleConfig(initializer=HOOK(handler="i", timeout=301))}, ("initializer.timeout", "301", "1 to 300")),
    ({"instance_lifecycle_config": m.InstanceLifecycleConfig(initializer=HOOK(handler="i", timeout=0))}, ("initializer.timeout", "0", "1 to 300")),
    ({"instance_lifecycle_config": m.InstanceLifecycleConfig(pre_stop=HOOK(handler="p", timeout=91))}, ("preStop.timeout", "91", "1 to 90")),
    ({"instance_lifecycle_config": m.InstanceLifecycleConfig(initializer=HOOK(command=["x"]))}, ("initializer.command", "GPU")),
    ({"disable_inject_credentials": "Some"}, ("disableInjectCredentials", "Some", "Request")),
    ({"instance_isolation_mode": "REQUEST_EXCLUSIVE"}, ("instanceIsolationMode", "REQUEST_EXCLUSIVE", "SHARE")),
    ({"session_affinity": "GENERATED_COOKIE"}, ("sessionAffinity", "GENERATED_COOKIE", "NONE")),
    ({"session_affinity_config": "no json"}, ("sessionAffinityConfig", "no json", "JSON")),
    ({"gpu_config": m.GPUConfig(gpu_type="fc.gpu.ada.1")}, ("gpuConfig", "GPU")), ({"log_config": m.LogConfig(log_begin_rule="x")}, ("logBeginRule", "x", "DefaultRegex")),
    ({"log_config": m.LogConfig(enable_request_metrics="yes")}, ("logConfig.enableRequestMetrics", "yes", "true or false")),
    ({"vpc_config": m.VPCConfig(v_switch_ids="v")}, ("vpcConfig.vSwitchIds", "v", "list of strings")),
    ({"nas_config": m.NASConfig(mount_points=[Loose("x")])}, ("nasConfig.mountPoints", "x", "list of objects")),
    ({"internet_access": "yes"}, ("internetAccess", "yes", "true or false")), ({"disable_ondemand": 1}, ("disableOndemand", "1", "true or false")),
    ({"role": 1}, ("role", "1", "string")), ({"tags": [m.Tag(key=f"k{n}", value="v") for n in range(21)]}, ("tags", "20")),
    ({"tags": [m.Tag(key="k" * 129, value="v")]}, ("tags", "128")), ({"tags": [m.Tag(key="k", value="1"), m.Tag(key="k", value="2")]}, ("tags", "once")),
    ({"layers": [f"acs:fc:cn-local:1:layers/l/versions/{n}" for n in range(6)]}, ("layers", "6", "5")),
]


def request(name, image, fields):
    """A CreateFunctionRequest; what `fields` says of the container goes beside its image."""
    fields = dict(fields)
    inner = fields.pop("custom_container_config", {})
    body = minimal(name, image).body
    body.custom_container_config = None if inner is None else container(inner.get("image", image), **{k: v for k, v in inner.items() if k != "image"})
    for field, value in fields.items():
        setattr(body, field, value)
    return m.CreateFunctionRequest(body=body)


@pytest.mark.parametrize("fields", TAKEN, ids=lambda fields: str(list(fields)[0]))
def test_a_field_on_its_bound_is_taken(client, name, images, fields):
    answer = client.create_function(request(name, images[0], fields))
    assert answer.status_code == 200 and answer.body.function_name == name
    client.delete_function(name)


@pytest.mark.parametrize("fields,words", REFUSED, ids=lambda value: value[0] if isinstance(value, tuple) else None)
def test_a_field_past_its_bound_is_refused(client, name, images, fields, words):
    refused(lambda: client.create_function(request(name, images[0], fields)), "InvalidArgument", 400, *words)


@pytest.mark.parametrize("good", ["a", "_", "A-b_1", LETTERS])
def test_names_of_functions_that_are_taken(client, name, images, good):
    # The name must be free: these are short, and go at once.
    client.create_function(minimal(good, images[0]))
    client.delete_function(good)


@pytest.mark.parametrize("bad", ["", "1a", "-a", "a.b", "a b", "ä", "a/b", LETTERS + "a", None, 7])
def test_names_of_functions_that_are_refused(client, images, bad):
    refused(lambda: client.create_function(minimal(bad, images[0])), "InvalidArgument", 400, "functionName")


def test_an_update_is_held_to_the_same_bounds(client, name, images):
    client.create_function(minimal(name, images[0]))
    before = client.get_function(name, m.GetFunctionRequest()).body.to_map()
    for fields, words in REFUSED:
        if fields.get("code") or any(value is None for value in fields.values()) or "tags" in fields:
            continue
        update = m.UpdateFunctionInput()
        for field, value in vars(request(name, images[0], fields).body).items():
            if hasattr(update, field):
                setattr(update, field, value)
        refused(lambda: client.update_function(name, m.UpdateFunctionRequest(body=update)), "InvalidArgument", 400, *words)
    assert client.get_function(name, m.GetFunctionRequest()).body.to_map() == before


def lists(client, name):
    """Every operation that answers in pages, by its name."""
    return {
        "functions": lambda **page: client.list_functions(m.ListFunctionsRequest(**page)),
        "versions": lambda **page: client.list_function_versions(name, m.ListFunctionVersionsRequest(**page)),
        "aliases": lambda **page: client.list_aliases(name, m.ListAliasesRequest(**page)),
        "triggers": lambda **page: client.list_triggers(name, m.ListTriggersRequest(**page)),
        "layers": lambda **page: client.list_layers(m.ListLayersRequest(**page)),
        "asyncConfigs": lambda **page: client.list_async_invoke_configs(m.ListAsyncInvokeConfigsRequest(**page)),
        "asyncTasks": lambda **page: client.list_async_tasks(name, m.ListAsyncTasksRequest(**page)),
        "concurrency": lambda **page: client.list_concurrency_configs(m.ListConcurrencyConfigsRequest(**page)),
        "provision": lambda **page: client.list_provision_configs(m.ListProvisionConfigsRequest(**page)),
        "scaling": lambda **page: client.list_scaling_configs(m.ListScalingConfigsRequest(**page)),
        "domains": lambda **page: client.list_custom_domains(m.ListCustomDomainsRequest(**page)),
    }


def test_pages_have_1_to_100_elements(client, name, images):
    client.create_function(minimal(name, images[0]))
    for kind, ask in lists(client, name).items():
        for size in (1, 100):
            assert ask(limit=size).body is not None, kind
        for size in (0, 101, -1):
            refused(lambda: ask(limit=size), "InvalidArgument", 400, "limit", str(size), "1 to 100")
    for size in (0, 101):
        refused(lambda: client.list_layer_versions("none", m.ListLayerVersionsRequest(limit=size)), "InvalidArgument", 400, "limit", "1 to 100")
        refused(lambda: client.list_tag_resources(m.ListTagResourcesRequest(resource_type="function", limit=size)), "InvalidArgument", 400, "Limit", "1 to 100")
    refused(lambda: client.list_layer_versions("none", m.ListLayerVersionsRequest(start_version=0)), "InvalidArgument", 400, "startVersion", "0")
    for size in ("0", "1001", "x"):
        refused(lambda: client.list_instances(name, m.ListInstancesRequest(limit=size)), "InvalidArgument", 400, "limit", size, "1 to 1000")
    for field in ("start_time_ms", "end_time_ms"):
        refused(lambda: client.list_instances(name, m.ListInstancesRequest(**{field: -1})), "InvalidArgument", 400, "TimeMs", "-1")


def test_words_of_queries(client, name, images):
    client.create_function(minimal(name, images[0]))
    for call, words in (
        (lambda: client.list_function_versions(name, m.ListFunctionVersionsRequest(direction="UP")), ("direction", "UP", "BACKWARD")),
        (lambda: client.list_function_versions(name, m.ListFunctionVersionsRequest(next_token="x")), ("nextToken", "x")),
        (lambda: client.list_async_tasks(name, m.ListAsyncTasksRequest(sort_order_by_time="up")), ("sortOrderByTime", "up", "desc")),
        (lambda: client.list_async_tasks(name, m.ListAsyncTasksRequest(status="x")), ("status", "x", "Enqueued")),
        (lambda: client.list_async_tasks(name, m.ListAsyncTasksRequest(started_time_begin=-1)), ("startedTimeBegin", "-1")),
        (lambda: client.list_async_tasks(name, m.ListAsyncTasksRequest(include_payload="x")), ("includePayload", "x", "true or false")),
        (lambda: client.list_instances(name, m.ListInstancesRequest(with_all_active="x")), ("withAllActive", "x", "true or false")),
        (lambda: client.list_layers(m.ListLayersRequest(public="x")), ("public", "x", "true or false")),
        (lambda: client.list_tag_resources(m.ListTagResourcesRequest(resource_type="service")), ("ResourceType", "service")),
    ):
        refused(call, "InvalidArgument", 400, *words)
