# SPDX-License-Identifier: Apache-2.0
"""Every bound of a field: what lies on it is taken, what lies one step behind it is refused, by an error that names field, value and bound."""
import json

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


def test_versions_and_aliases(client, name, images):
    client.create_function(minimal(name, images[0]))
    publish = lambda text: client.publish_function_version(name, m.PublishFunctionVersionRequest(body=m.PublishVersionInput(description=text)))
    refused(lambda: publish("x" * 1025), "InvalidArgument", 400, "description", "1024")
    publish("x" * 1024)
    client.update_function(name, m.UpdateFunctionRequest(body=m.UpdateFunctionInput(timeout=7)))
    publish(None)
    make = lambda alias, version="1", **fields: client.create_alias(
        name, m.CreateAliasRequest(body=m.CreateAliasInput(alias_name=alias, version_id=version, **fields)))
    for good in ("a", "_", LETTERS):
        make(good)
    for weight in (0, 1, 0.000001):
        make("w", additional_version_weight={"2": weight})
        client.delete_alias(name, "w")
    for alias, version, fields, words in (
        ("", "1", {}, ("aliasName", "1 to 64")), ("1a", "1", {}, ("aliasName", "1a")), (LETTERS + "a", "1", {}, ("aliasName", "1 to 64")),
        ("LATEST", "1", {}, ("aliasName", "LATEST")), (None, "1", {}, ("aliasName", "required")), ("b", None, {}, ("versionId", "required")),
        ("b", "", {}, ("versionId",)), ("b", "x", {}, ("versionId", "x")), ("b", "1", {"description": "x" * 1025}, ("description", "1024")),
        ("b", "1", {"additional_version_weight": {"2": -0.1}}, ("additionalVersionWeight", "-0.1", "0 to 1")),
        ("b", "1", {"additional_version_weight": {"2": 1.1}}, ("additionalVersionWeight", "1.1", "0 to 1")),
        ("b", "1", {"additional_version_weight": {"2": "x"}}, ("additionalVersionWeight", "x", "0 to 1")),
        ("b", "1", {"additional_version_weight": {"2": 0.1, "3": 0.1}}, ("additionalVersionWeight", "one version")),
    ):
        refused(lambda: make(alias, version, **fields), "InvalidArgument", 400, *words)


def test_capacity(client, name, images):
    client.create_function(minimal(name, images[0]))
    put = lambda **fields: client.put_provision_config(name, m.PutProvisionConfigRequest(qualifier="LATEST", body=m.PutProvisionConfigInput(**fields)))
    action = dict(name="a", schedule_expression="cron(0 0 8 * * *)", target=0)
    policy = dict(name="p", metric_type="ProvisionedConcurrencyUtilization", metric_target=0.5, min_capacity=0, max_capacity=0)
    for field, words in (
        ({"default_target": -1}, ("defaultTarget", "-1", "0 to 10000")), ({"default_target": 10001}, ("defaultTarget", "10001", "0 to 10000")),
        ({"target": -1}, ("target", "-1", "0 to 10000")), ({"always_allocate_cpu": "x"}, ("alwaysAllocateCPU", "x", "true or false")),
    ):
        refused(lambda: put(**field), "InvalidArgument", 400, *words)
    for change, words in (
        ({"name": None}, ("name", "required")), ({"schedule_expression": None}, ("scheduleExpression", "required")), ({"target": None}, ("target", "required")),
        ({"target": 10001}, ("target", "10001", "0 to 10000")), ({"schedule_expression": "cron(0 0 8 * *)"}, ("scheduleExpression", "6")),
        ({"schedule_expression": "at(2026-02-30T00:00:00)"}, ("scheduleExpression", "2026-02-30")), ({"time_zone": "Mars/Base"}, ("Mars/Base",)),
        ({"start_time": "soon"}, ("startTime", "soon")), ({"start_time": "2026-01-02T00:00:00Z", "end_time": "2026-01-01T00:00:00Z"}, ("endTime", "2026-01-01", "startTime")),
    ):
        refused(lambda: put(scheduled_actions=[m.ScheduledAction(**{**action, **change})]), "InvalidArgument", 400, "scheduledActions[0]", *words)
    for change, words in (
        ({"metric_target": 0}, ("metricTarget", "0", "up to 1")), ({"metric_target": 1.01}, ("metricTarget", "1.01", "up to 1")),
        ({"metric_type": None}, ("metricType",)), ({"max_capacity": 10001}, ("maxCapacity", "10001", "0 to 10000")),
        ({"min_capacity": 2, "max_capacity": 1}, ("maxCapacity", "1", "at least 2")), ({"max_capacity": None}, ("maxCapacity", "required")),
        ({"min_capacity": -1}, ("minCapacity", "-1", "0 to 10000")), ({"min_capacity": None}, ("minCapacity", "required")),
    ):
        refused(lambda: put(target_tracking_policies=[m.TargetTrackingPolicy(**{**policy, **change})]), "InvalidArgument", 400, "targetTrackingPolicies[0]", *words)
    refused(lambda: put(scheduled_actions=[m.ScheduledAction(**action)] * 2), "InvalidArgument", 400, "scheduledActions[1].name", "own")
    put(scheduled_actions=[m.ScheduledAction(**action)], target_tracking_policies=[m.TargetTrackingPolicy(**{**policy, "metric_target": 1})])


def test_reserved_concurrency_of_all_functions_together(client, name, images):
    """At most 90 % of the instances of the host, whose limit is 300 unless said."""
    names = [name + end for end in ("-a", "-b")]
    reserve = lambda function, number: client.put_concurrency_config(
        function, m.PutConcurrencyConfigRequest(body=m.PutConcurrencyInput(reserved_concurrency=number)))
    try:
        for each in names:
            client.create_function(minimal(each, images[0]))
        refused(lambda: reserve(names[0], -1), "InvalidArgument", 400, "reservedConcurrency", "-1", "0 to 270")
        refused(lambda: reserve(names[0], 271), "InvalidArgument", 400, "reservedConcurrency", "271", "0 to 270")
        reserve(names[0], 270)
        refused(lambda: reserve(names[1], 1), "InvalidArgument", 400, "reservedConcurrency", "1", "270", "90 %")
        reserve(names[1], 0)
        reserve(names[0], 200)
        reserve(names[1], 70)
    finally:
        for each in names:
            client.delete_function(each)


def test_triggers(client, name, images):
    client.create_function(minimal(name, images[0]))
    make = lambda trigger, kind, config, **fields: client.create_trigger(name, m.CreateTriggerRequest(body=m.CreateTriggerInput(
        trigger_name=trigger, trigger_type=kind, trigger_config=config if isinstance(config, str) or config is None else json.dumps(config), **fields)))
    timer = {"cronExpression": "@every 1h", "enable": False}
    try:
        # A timer's event is as large as any asynchronous one.
        make("a" * 128, "timer", {**timer, "payload": "x" * (128 << 10)})
        client.delete_trigger(name, "a" * 128)
        for trigger, kind, config, fields, words in (
            ("a" * 129, "timer", timer, {}, ("triggerName", "1 to 128")), ("", "timer", timer, {}, ("triggerName", "1 to 128")), (None, "timer", timer, {}, ("triggerName", "required")),
            ("t", None, timer, {}, ("triggerType", "required")), ("t", "timer", None, {}, ("triggerConfig", "required")),
            ("t", "timer", {**timer, "payload": "x" * ((128 << 10) + 1)}, {}, ("triggerConfig.payload", "131072")),
            ("t", "timer", {**timer, "cronExpression": "CRON_TZ=Mars/Base 0 0 4 * * *"}, {}, ("cronExpression", "Mars/Base")),
            ("t", "timer", {**timer, "cronExpression": "0 4 * * *"}, {}, ("cronExpression", "6")), ("t", "timer", {**timer, "enable": "no"}, {}, ("enable", "no", "true or false")),
            ("t", "timer", timer, {"description": "x" * 1025}, ("description", "1024")), ("t", "timer", [], {}, ("triggerConfig", "object")),
        ):
            refused(lambda: make(trigger, kind, config, **fields), "InvalidArgument", 400, *words)
        for number in range(50):
            make(f"t{number}", "timer", timer)
        refused(lambda: make("t50", "timer", timer), "LimitExceededError", 400, "50")
    finally:
        while found := client.list_triggers(name, m.ListTriggersRequest(limit=100)).body.triggers:
            for trigger in found:
                client.delete_trigger(name, trigger.trigger_name)


def test_async_configs(client, name, images):
    client.create_function(minimal(name, images[0]))
    put = lambda **fields: client.put_async_invoke_config(name, m.PutAsyncInvokeConfigRequest(body=m.PutAsyncInvokeConfigInput(**fields)))
    for good in ({"max_async_event_age_in_seconds": 1}, {"max_async_event_age_in_seconds": 604800}, {"max_async_retry_attempts": 0}, {"max_async_retry_attempts": 8}):
        assert put(**good).status_code == 200
    for fields, words in (
        ({"max_async_event_age_in_seconds": 0}, ("maxAsyncEventAgeInSeconds", "0", "1 to 604800")),
        ({"max_async_event_age_in_seconds": 604801}, ("maxAsyncEventAgeInSeconds", "604801", "1 to 604800")),
        ({"max_async_retry_attempts": -1}, ("maxAsyncRetryAttempts", "-1", "0 to 8")), ({"max_async_retry_attempts": 9}, ("maxAsyncRetryAttempts", "9", "0 to 8")),
        ({"async_task": "x"}, ("asyncTask", "x", "true or false")),
    ):
        refused(lambda: put(**fields), "InvalidArgument", 400, *words)
