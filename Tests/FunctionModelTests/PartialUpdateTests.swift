// SPDX-License-Identifier: Apache-2.0
import FunctionModel
import Testing

@Suite struct PartialUpdateTests {
    private let full = #"""
        {"cpu":0.5,"customContainerConfig":{"accelerationType":"Default","command":["--port","9000"],"entrypoint":["/app/server"],
        "healthCheckConfig":{"failureThreshold":4,"httpGetUrl":"/ready","initialDelaySeconds":1,"periodSeconds":5,"successThreshold":2,"timeoutSeconds":2},
        "image":"registry.local/echo:1","port":8000,"registryConfig":{"authConfig":{"password":"secret-word","userName":"u"},"certConfig":{"insecure":true}}},
        "description":"demo ü","diskSize":512,"environmentVariables":{"A":"1"},"handler":"index.handler","idleTimeout":60,
        "instanceConcurrency":10,"instanceLifecycleConfig":{"initializer":{"handler":"index.init","timeout":10}},"internetAccess":true,
        "logConfig":{"logBeginRule":"None","logstore":"s","project":"p"},"maxInstances":7,"memorySize":1024,"role":"acs:ram::1:role/r",
        "layers":[{"arn":"a","size":7}],"runtime":"custom-container","timeout":61,"fieldOfTomorrow":{"x":[1.5]}}
        """#

    private func configuration() throws -> FunctionConfiguration {
        try FunctionConfiguration(creating: try #require(try JSONValue(parsing: full).object))
    }

    @Test func everyFieldComesBack() throws {
        var expected = try #require(try JSONValue(parsing: full).object)
        var container = try #require(expected["customContainerConfig"]?.object)
        container["registryConfig"] = ["authConfig": ["userName": "u"], "certConfig": ["insecure": true]]
        expected["customContainerConfig"] = .object(container)
        #expect(JSONValue.object(try configuration().json).text == JSONValue.object(expected).text)
    }

    @Test func aRegistryPasswordIsNeverKept() throws {
        #expect(!"\(try configuration())".contains("secret-word"))
    }

    @Test func whatIsStoredReadsBackTheSame() throws {
        var copy = FunctionConfiguration(image: "")
        try copy.apply(try configuration().json)
        #expect(copy == (try configuration()))
    }

    @Test func anOmittedFieldKeepsItsValue() throws {
        var changed = try configuration()
        try changed.apply(["timeout": 5])
        var expected = try configuration()
        expected.timeout = 5
        #expect(changed == expected)
    }

    @Test(arguments: [
        (#"{"description":""}"#, "description", "\"\""),
        (#"{"environmentVariables":{}}"#, "environmentVariables", "{}"),
        (#"{"role":""}"#, "role", nil),
        (#"{"logConfig":{}}"#, "logConfig", nil),
        (#"{"instanceLifecycleConfig":{}}"#, "instanceLifecycleConfig", nil),
    ])
    func anEmptyFieldClears(_ update: String, _ field: String, _ left: String?) throws {
        var changed = try configuration()
        try changed.apply(try #require(try JSONValue(parsing: update).object))
        #expect(changed.json[field]?.text == left)
    }

    @Test func theContainerIsUpdatedInPartsToo() throws {
        var changed = try configuration()
        try changed.apply(["customContainerConfig": ["entrypoint": [], "healthCheckConfig": [:]]])
        #expect(changed.entrypoint == nil && changed.healthCheck == nil)
        #expect(changed.command == ["--port", "9000"] && changed.port == 8000 && changed.image == "registry.local/echo:1")
    }

    @Test func aRefusedUpdateChangesNothing() throws {
        var changed = try configuration()
        #expect(throws: ServiceError.self) { try changed.apply(["timeout": 5, "memorySize": 1]) }
        #expect(changed == (try configuration()))
    }

    @Test func whatOnlyTheServiceWritesIsIgnored() throws {
        var changed = try configuration()
        try changed.apply(["functionArn": "x", "state": "Failed", "codeSize": 1, "lastUpdateStatus": "Failed"])
        #expect(changed == (try configuration()))
    }

    @Test(arguments: ["a", "A-b_9", "_x", String(repeating: "a", count: 64)])
    func names(_ name: String) throws { try FunctionName.check(name) }

    @Test(arguments: ["", "1a", "-a", "a.b", "a/b", "ä", "a b", String(repeating: "a", count: 65)])
    func refusedNames(_ name: String) { #expect(throws: ServiceError.self) { try FunctionName.check(name) } }
}
