// SPDX-License-Identifier: Apache-2.0
import FunctionModel
import Testing

/// The least that makes a function, with some fields replaced or added.
private func input(_ json: String = "{}") throws -> [String: JSONValue] {
    var members: [String: JSONValue] = [
        "functionName": "echo", "runtime": "custom-container", "handler": "index.handler", "customContainerConfig": ["image": "echo:1"],
    ]
    members.merge(try JSONValue(parsing: json).object ?? [:]) { $1 }
    return members
}

private func refusal(_ json: String) throws -> ServiceError? {
    do {
        _ = try FunctionConfiguration(creating: try input(json))
        return nil
    } catch let error as ServiceError {
        return error
    }
}

@Suite struct FunctionInputTests {
    @Test func defaultsAreThoseOfTheDocs() throws {
        let configuration = try FunctionConfiguration(creating: try input())
        #expect(configuration.cpu == 0.35 && configuration.memorySize == 512 && configuration.diskSize == 512)
        #expect(configuration.timeout == 60 && configuration.instanceConcurrency == 1 && configuration.port == 9000)
        #expect(configuration.maximumInstances == nil && configuration.idleTimeout == 300)
    }

    @Test(arguments: [
        (#"{"runtime":"python3.10"}"#, "runtime", "python3.10"),
        (#"{"runtime":null}"#, "runtime", "required"),
        (#"{"handler":null}"#, "handler", "required"),
        (#"{"code":{"zipFile":"UEs="}}"#, "code", "customContainerConfig"),
        (#"{"customContainerConfig":{}}"#, "customContainerConfig.image", "required"),
        (#"{"customContainerConfig":{"image":"a b"}}"#, "customContainerConfig.image", "a b"),
        (#"{"customContainerConfig":{"image":"e:1","port":0}}"#, "customContainerConfig.port", "1 to 65535"),
        (#"{"customContainerConfig":{"image":"e:1","port":70000}}"#, "customContainerConfig.port", "70000"),
        (#"{"customContainerConfig":{"image":"e:1","entrypoint":"/bin/sh"}}"#, "customContainerConfig.entrypoint", "list of strings"),
        (#"{"customContainerConfig":{"image":"e:1","command":[1]}}"#, "customContainerConfig.command", "[1]"),
        (#"{"customContainerConfig":{"image":"e:1","healthCheckConfig":{"httpGetUrl":"ready"}}}"#, "healthCheckConfig.httpGetUrl", "ready"),
        (
            #"{"customContainerConfig":{"image":"e:1","healthCheckConfig":{"httpGetUrl":"/a\r\nX: y"}}}"#, "healthCheckConfig.httpGetUrl",
            "X: y"
        ),
        (#"{"customContainerConfig":{"image":"e:1","healthCheckConfig":{"periodSeconds":1}}}"#, "healthCheckConfig.httpGetUrl", "required"),
        (
            #"{"customContainerConfig":{"image":"e:1","healthCheckConfig":{"httpGetUrl":"/","timeoutSeconds":4}}}"#, "timeoutSeconds",
            "1 to 3"
        ),
        (
            #"{"customContainerConfig":{"image":"e:1","healthCheckConfig":{"httpGetUrl":"/","initialDelaySeconds":121}}}"#,
            "initialDelaySeconds", "0 to 120"
        ),
        (
            #"{"customContainerConfig":{"image":"e:1","healthCheckConfig":{"httpGetUrl":"/","failureThreshold":0}}}"#, "failureThreshold",
            "1 to 120"
        ),
        (#"{"cpu":0.07}"#, "cpu", "0.05"),
        (#"{"cpu":17}"#, "cpu", "16"),
        (#"{"cpu":"1"}"#, "cpu", "\"1\""),
        (#"{"memorySize":100}"#, "memorySize", "128"),
        (#"{"memorySize":130}"#, "memorySize", "multiple of 64"),
        (#"{"memorySize":40000}"#, "memorySize", "32768"),
        (#"{"cpu":2,"memorySize":512}"#, "memorySize 512", "1 to 4 GB"),
        (#"{"cpu":0.05,"memorySize":512}"#, "cpu 0.05", "1 to 4 GB"),
        (#"{"diskSize":1024}"#, "diskSize", "512 or 10240"),
        (#"{"timeout":0}"#, "timeout", "1 to 86400"),
        (#"{"timeout":86401}"#, "timeout", "86401"),
        (#"{"timeout":1.5}"#, "timeout", "1.5"),
        (#"{"instanceConcurrency":201}"#, "instanceConcurrency", "1 to 200"),
        (#"{"idleTimeout":-1}"#, "idleTimeout", "0 to 86400"),
        (#"{"maxInstances":0}"#, "maxInstances", "1 to 10000"),
        (#"{"environmentVariables":{"1A":"x"}}"#, "environmentVariables", "1A"),
        (#"{"environmentVariables":{"A=B":"x"}}"#, "environmentVariables", "A=B"),
        (#"{"environmentVariables":{"FC_X":"x"}}"#, "environmentVariables", "FC_"),
        (#"{"environmentVariables":{"A":1}}"#, "environmentVariables.A", "string"),
        (#"{"environmentVariables":{"A":"\u0000"}}"#, "environmentVariables.A", "NUL"),
        (#"{"logConfig":[]}"#, "logConfig", "an object"),
        (#"{"logConfig":{"logBeginRule":"x"}}"#, "logConfig.logBeginRule", "DefaultRegex"),
        (#"{"instanceLifecycleConfig":{"initializer":{"timeout":301}}}"#, "instanceLifecycleConfig.initializer.timeout", "300"),
        (#"{"instanceLifecycleConfig":{"preStop":{"timeout":91}}}"#, "instanceLifecycleConfig.preStop.timeout", "90"),
        (#"{"internetAccess":"yes"}"#, "internetAccess", "true or false"),
        (#"{"customDNS":{"nameServers":["::1"]}}"#, "customDNS.nameServers", "IPv4"),
        (#"{"customDNS":{"nameServers":["1.1.1.1","1.1.1.2","1.1.1.3","1.1.1.4"]}}"#, "customDNS.nameServers", "at most 3"),
        (#"{"customDNS":{"searches":["a b"]}}"#, "customDNS.searches", "a domain"),
        (#"{"customDNS":{"dnsOptions":[{"name":"x\ny"}]}}"#, "customDNS.dnsOptions", "resolv.conf"),
        (#"{"customContainerConfig":{"image":"i","seccompProfile":"none"}}"#, "customContainerConfig.seccompProfile", "strict"),
        (#"{"instanceLifecycleConfig":{"initializer":{"command":["true"]}}}"#, "instanceLifecycleConfig.initializer.command", "GPU"),
        (#"{"customContainerConfig":{"image":"i","webServerMode":"no"}}"#, "customContainerConfig.webServerMode", "true or false"),
        (#"{"customContainerConfig":{"image":"i","webServerMode":false},"instanceConcurrency":2}"#, "webServerMode", "instanceConcurrency"),
        (#"{"disableInjectCredentials":"Some"}"#, "disableInjectCredentials", "Request"),
        (#"{"instanceIsolationMode":"REQUEST_EXCLUSIVE"}"#, "instanceIsolationMode", "SHARE"),
        (#"{"sessionAffinity":"MCP_SSE"}"#, "sessionAffinity", "NONE"),
        (#"{"gpuConfig":{"gpuType":"fc.gpu.ada.1","gpuMemorySize":1024}}"#, "gpuConfig", "GPU"),
        (#"{"layers":["a","b","c","d","e","f"]}"#, "layers", "at most 5"),
    ])
    func aViolationNamesFieldAndBound(_ json: String, _ field: String, _ bound: String) throws {
        let error = try #require(try refusal(json))
        #expect(error.status == 400 && error.code == "InvalidArgument")
        #expect(error.message.contains(field) && error.message.contains(bound), "\(error.message)")
    }

    @Test(arguments: ["runtime", "handler", "customContainerConfig"])
    func aRequiredFieldIsAskedFor(_ name: String) throws {
        var members = try input()
        members[name] = nil
        let error = #expect(throws: ServiceError.self) { try FunctionConfiguration(creating: members) }
        #expect(error?.message.contains("\(name == "customContainerConfig" ? "customContainerConfig.image" : name) is required") == true)
    }

    @Test func theEnvironmentIsLimitedInAll() throws {
        let large = String(repeating: "x", count: 2047)
        #expect(try refusal(#"{"environmentVariables":{"A":"\#(large)","B":"\#(large)"}}"#) == nil)
        let error = try #require(try refusal(#"{"environmentVariables":{"A":"\#(large)","B":"\#(large)","C":""}}"#))
        #expect(error.message.contains("4097 bytes") && error.message.contains("4096"))
    }

    @Test("layers are kept in their order, named once, as text or as the API gives them back") func layers() throws {
        let layers = try FunctionConfiguration(creating: try input(#"{"layers":["b",{"arn":"a","size":7}]}"#)).layers
        #expect(layers == [FunctionLayer(arn: "b"), FunctionLayer(arn: "a", size: 7)])
        for wrong in [#"{"layers":["a","a"]}"#, #"{"layers":[1]}"#, #"{"layers":"a"}"#, #"{"layers":[""]}"#] {
            #expect(try refusal(wrong)?.message.hasPrefix("layers: ") == true)
        }
    }

    @Test func theNameOfALayerVersionIsOneOfThisHost() {
        let host = HostIdentity()
        let name = LayerVersionName(layer: "fonts", number: 12)
        #expect(host.layerARN(name) == "acs:fc:cn-local:1:layers/fonts/versions/12" && host.layerVersion(arn: host.layerARN(name)) == name)
        for wrong in [
            "acs:fc:cn-local:2:layers/fonts/versions/1", "acs:fc:cn-local:1:layers/fonts/versions/0", "acs:fc:cn-local:1:layers/fonts",
            "acs:fc:cn-local:1:layers/fonts/versions/01", "acs:fc:cn-local:1:layers/../versions/1", "fonts",
        ] { #expect(host.layerVersion(arn: wrong) == nil) }
    }

    @Test func cpuFollowsMemoryAndMemoryFollowsCPU() throws {
        #expect(try FunctionConfiguration(creating: try input(#"{"memorySize":128}"#)).cpu == 0.1)
        #expect(try FunctionConfiguration(creating: try input(#"{"memorySize":4096}"#)).cpu == 1)
        #expect(try FunctionConfiguration(creating: try input(#"{"cpu":2}"#)).memorySize == 2048)
        #expect(try FunctionConfiguration(creating: try input(#"{"memorySize":1024}"#)).cpu == 0.35)
    }

    @Test func layersOfAFunctionHaveAtMostTwoGigabytesTogether() throws {
        #expect(try LayerLimits.adding(500_000_000, to: 1_500_000_000) == 2_000_000_000)
        let error = #expect(throws: ServiceError.self) { try LayerLimits.adding(500_000_001, to: 1_500_000_000) }
        #expect(
            error?.code == "InvalidArgument" && error?.message.contains("2000000001") == true
                && error?.message.contains("at most 2000000000") == true)
    }
}
