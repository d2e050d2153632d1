# SPDX-License-Identifier: Apache-2.0
"""Custom domains through the official SDK, field by field."""
import asyncio

import pytest
from alibabacloud_fc20230330 import models as m
from test_functions import TIME, minimal, refused


def route(path, function, **fields):
    return m.PathConfig(path=path, function_name=function, **fields)


def made(domain, *routes, **fields):
    return m.CreateCustomDomainRequest(body=m.CreateCustomDomainInput(
        domain_name=domain, protocol="HTTP", route_config=m.RouteConfig(routes=list(routes)), **fields))


@pytest.fixture()
def pair(client, name, images):
    client.create_function(minimal(name, images[0]))
    domain = f"{name}.example.com"
    yield name, domain
    try:
        client.delete_custom_domain(domain)
    except Exception as error:
        assert error.code == "DomainNameNotFound", error


def test_a_domain_lives(client, pair):
    function, domain = pair
    rewrite = m.RewriteConfig(
        equal_rules=[m.EqualRule(match="/old", replacement="/new")], regex_rules=[m.RegexRule(match="^/v(\\d+)/", replacement="/$1/")],
        wildcard_rules=[m.WildcardRule(match="^/api/*", replacement="/$1")])
    cors = m.CORSConfig(allow_origins=["*"], allow_methods=["GET"], allow_headers=["x-a"], expose_headers=["x-b"], allow_credentials=True, max_age=9)
    sent = made(domain, route("/*", function, methods=["GET", "POST"], qualifier="LATEST", rewrite_config=rewrite), cors_config=cors)
    body = client.create_custom_domain(sent).body
    read = client.get_custom_domain(domain).body
    assert read.to_map() == body.to_map()
    got, want = read.to_map(), sent.body.to_map()
    assert {key: got[key] for key in want} == want
    assert (read.account_id, read.api_version) == ("1", "2023-03-30")
    assert TIME.fullmatch(read.created_time) and TIME.fullmatch(read.last_modified_time)

    changed = client.update_custom_domain(domain, m.UpdateCustomDomainRequest(body=m.UpdateCustomDomainInput(
        route_config=m.RouteConfig(routes=[route("/a", function), route("/b/*", function)])))).body
    assert [each.path for each in changed.route_config.routes] == ["/a", "/b/*"]
    assert changed.cors_config.max_age == 9 and changed.protocol == "HTTP"
    listed = client.list_custom_domains(m.ListCustomDomainsRequest(prefix=domain, limit=10)).body
    assert [each.to_map() for each in listed.custom_domains] == [changed.to_map()] and not listed.next_token
    assert client.delete_custom_domain(domain).status_code == 204
    refused(lambda: client.get_custom_domain(domain), "DomainNameNotFound", 404, domain)


def test_pages(client, pair):
    function, domain = pair
    names = [f"{letter}.{domain}" for letter in "abc"]
    try:
        for each in names:
            client.create_custom_domain(made(each, route("/*", function)))
        found, token = [], None
        while True:
            page = client.list_custom_domains(m.ListCustomDomainsRequest(limit=2, next_token=token)).body
            found += [each.domain_name for each in page.custom_domains]
            token = page.next_token
            if not token:
                break
        assert [each for each in found if each.endswith(domain)] == names
    finally:
        for each in names:
            client.delete_custom_domain(each)


def test_errors(client, pair):
    function, domain = pair
    client.create_custom_domain(made(domain, route("/*", function)))
    refused(lambda: client.create_custom_domain(made(domain)), "DomainNameAlreadyExists", 409, domain)
    refused(lambda: client.create_custom_domain(made("x." + domain, route("/*", "none-x"))), "FunctionNotFound", 404, "none-x")
    refused(lambda: client.create_custom_domain(made("x." + domain, route("/*", function, qualifier="none"))), "AliasNotFound", 404, "none")
    for name, routes, fields, words in (
        ("under_score", [], {}, ("domainName",)), ("f.localhost", [], {}, ("domainName", "localhost")),
        ("x.y", [route("api", function)], {}, ("routes[0].path", "/api")), ("x.y", [route("/a*b", function)], {}, ("routes[0].path",)),
        ("x.y", [route("/", function, methods=["FETCH"])], {}, ("routes[0].methods", "GET")),
        ("x.y", [route("/", function, rewrite_config=m.RewriteConfig(regex_rules=[m.RegexRule(match="(", replacement="/")]))], {}, ("regexRules",)),
        ("x.y", [], {"cert_config": m.CertConfig(cert_name="c", certificate="x", private_key="y")}, ("protocol", "HTTP,HTTPS")),
        ("x.y", [], {"tls_config": m.TLSConfig(min_version="TLSv1.0")}, ("tlsConfig", "TLS 1.2")),
        ("x.y", [], {"auth_config": m.AuthConfig(auth_type="jwt", auth_info="{}")}, ("authConfig.authInfo.jwks",)),
        ("x.y", [], {"waf_config": m.WAFConfig(enable_waf=True)}, ("wafConfig",)),
    ):
        refused(lambda: client.create_custom_domain(made(name, *routes, **fields)), "InvalidArgument", 400, *words)
    for word in ("HTTPS", "HTTP,HTTPS", "FTP"):
        body = m.CreateCustomDomainInput(domain_name="x.y", protocol=word)
        refused(lambda: client.create_custom_domain(m.CreateCustomDomainRequest(body=body)), "InvalidArgument", 400, "protocol")
    for fields, words in (
        ({"certificate": "x", "private_key": "y"}, ("certConfig.certName", "required")), ({"cert_name": "c", "private_key": "y"}, ("certConfig.certificate", "required")),
        ({"cert_name": "c", "certificate": "x"}, ("certConfig.privateKey", "required")), ({"cert_name": "c" * 129}, ("certConfig.certName", "128")),
        ({"cert_name": "c", "certificate": "x", "private_key": "secret" * 20000}, ("certConfig.privateKey", "65536")),
    ):
        body = m.CreateCustomDomainInput(domain_name="x.y", protocol="HTTPS", cert_config=m.CertConfig(**fields))
        refused(lambda: client.create_custom_domain(m.CreateCustomDomainRequest(body=body)), "InvalidArgument", 400, *words)
    refused(lambda: client.delete_custom_domain("none.example"), "DomainNameNotFound", 404)
    refused(lambda: client.update_custom_domain("none.example", m.UpdateCustomDomainRequest(body=m.UpdateCustomDomainInput())),
            "DomainNameNotFound", 404)


def test_asyncio(client, pair):
    function, domain = pair

    async def life():
        body = (await client.create_custom_domain_async(made(domain, route("/*", function)))).body
        assert (await client.get_custom_domain_async(domain)).body.to_map() == body.to_map()
        update = m.UpdateCustomDomainRequest(body=m.UpdateCustomDomainInput(route_config=m.RouteConfig(routes=[route("/x", function)])))
        assert (await client.update_custom_domain_async(domain, update)).body.route_config.routes[0].path == "/x"
        listed = await client.list_custom_domains_async(m.ListCustomDomainsRequest(prefix=domain))
        assert [each.domain_name for each in listed.body.custom_domains] == [domain]
        assert (await client.delete_custom_domain_async(domain)).status_code == 204

    asyncio.run(life())
