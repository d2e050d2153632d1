// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import FunctionModel

/// The fields of a function that `create` and `update` share. What is not given keeps its value, or its default; ranges are checked by the host.
struct FunctionFields: ParsableArguments {
    @Option(
        parsing: .singleValue,
        help: ArgumentHelp("Program, and words that always follow it, in place of the image's ENTRYPOINT.", valueName: "words"))
    var command: [String] = []

    @Option(parsing: .singleValue, help: ArgumentHelp("Arguments, in place of the image's CMD.", valueName: "words"))
    var args: [String] = []

    @Option(help: "The TCP port on which the image's server listens. (default: 9000)")
    var port: Int?

    @Option(parsing: .singleValue, help: ArgumentHelp("An environment variable; several may follow one --env.", valueName: "name=value"))
    var env: [EnvironmentWord] = []

    @Option(help: ArgumentHelp("Readiness: calls wait until GET of this path answers 200 to 399, for example /healthz.", valueName: "path"))
    var healthPath: String?

    @Option(help: ArgumentHelp("Memory of one instance, in MB, a multiple of 64. (default: 512)", valueName: "MB"))
    var memory: Int?

    @Option(help: ArgumentHelp("Virtual CPUs of one instance. (default: by memory)", valueName: "n"))
    var cpu: Double?

    @Option(help: ArgumentHelp("Seconds that one call may take. (default: 60)", valueName: "s"))
    var timeout: Int?

    @Option(help: ArgumentHelp("Calls that one instance serves at once. (default: 1)", valueName: "n"))
    var concurrency: Int?

    @Option(help: ArgumentHelp("The most instances alive at once. (default: the host's own bound)", valueName: "n"))
    var maxInstances: Int?

    @Option(help: ArgumentHelp("Seconds without a call after which an instance ends. (default: 300)", valueName: "s"))
    var idleTimeout: Int?

    @Option(
        parsing: .singleValue,
        help: ArgumentHelp("A layer under /opt; repeat it for several, a later one lies over an earlier one.", valueName: "name:version"))
    var layer: [LayerWord] = []

    @Flag(help: "Without any layer. (update)")
    var noLayers = false

    @Option(
        help: ArgumentHelp(
            "A capability that the program has within its own ids, for example CHOWN; several may be given. (default: none)",
            valueName: "name"))
    var capability: [String] = []

    @Option(help: ArgumentHelp("Which system calls it may make: default or strict (docs/sandbox.md).", valueName: "name"))
    var seccompProfile: String?

    @Option(help: ArgumentHelp("true: a way to other machines, where the host gives one. (default: false)", valueName: "bool"))
    var internetAccess: Bool?

    @Option(
        parsing: .singleValue,
        help: ArgumentHelp("A name server that it asks instead of the host's; may be repeated, \"\" goes back.", valueName: "address"))
    var dns: [String] = []

    @OptionGroup var instance: InstanceFields

    @Option(help: "A text for people.")
    var description: String?

    /// The resource names of the layers, as the host tells them; nil where none is given.
    func layers(_ client: HostClient) async throws -> [String]? {
        if noLayers { return [] }
        var names: [String] = []
        for word in layer { names.append(try await client.json(.get, word.path).object?["layerVersionArn"]?.string ?? "") }
        return names.isEmpty ? nil : names
    }

    func validate() throws {
        if noLayers, !layer.isEmpty { throw ValidationError("--layer and --no-layers contradict each other") }
        if instance.hasHealth, (healthPath ?? "").isEmpty { throw ValidationError("--health-… needs --health-path, which they are about") }
    }

    func body(
        name: String?, image: String?, layers: [String]?, registry: FunctionBody.Container.Registry?
    ) -> FunctionBody {
        var variables: [String: String] = [:]
        for word in env { variables[word.name] = word.value }
        let body = FunctionBody(
            functionName: name, runtime: name == nil ? nil : "custom-container", handler: name == nil ? nil : "index.handler",
            description: description, cpu: cpu, memorySize: memory, timeout: timeout, instanceConcurrency: concurrency,
            idleTimeout: idleTimeout, maxInstances: maxInstances, environmentVariables: env.isEmpty ? nil : variables,
            layers: layers, internetAccess: internetAccess,
            customDNS: dns.isEmpty ? nil : .init(nameServers: dns == [""] ? nil : dns),
            customContainerConfig: .init(
                image: image, entrypoint: Self.words(command), command: Self.words(args), port: port,
                capabilities: Self.words(capability), seccompProfile: seccompProfile,
                healthCheckConfig: healthPath.map { $0.isEmpty ? .init() : .init(httpGetUrl: $0) }, registryConfig: registry))
        return instance.filling(body)
    }

    /// A single empty word goes back to the image's own.
    private static func words(_ words: [String]) -> [String]? { words.isEmpty ? nil : words == [""] ? [] : words }
}

/// CreateFunctionInput and UpdateFunctionInput of Function Compute's API 2023-03-30, as far as the command line fills them.
struct FunctionBody: Encodable {
    struct Container: Encodable {
        struct HealthCheck: Encodable {
            var httpGetUrl: String?
            var initialDelaySeconds: Int?
            var periodSeconds: Int?
            var timeoutSeconds: Int?
            var failureThreshold: Int?
            var successThreshold: Int?
        }

        struct Registry: Encodable {
            struct Login: Encodable {
                var userName: String
                var password: String
            }

            struct Certificate: Encodable {
                var insecure: Bool?
                var rootCaCertBase64: String?
            }

            var authConfig: Login?
            var certConfig: Certificate?
        }

        var webServerMode: Bool?
        var image: String?
        var entrypoint: [String]?
        var command: [String]?
        var port: Int?
        var capabilities: [String]?
        var seccompProfile: String?
        var healthCheckConfig: HealthCheck?
        var registryConfig: Registry?
    }

    struct NameServers: Encodable {
        var nameServers: [String]?
    }

    struct Lifecycle: Encodable {
        struct Hook: Encodable {
            var handler: String
            var timeout: Int?
        }

        var initializer: Hook
        var preStop: Hook
    }

    /// As the API spells a tag here.
    struct Tag: Encodable {
        enum CodingKeys: String, CodingKey {
            case key = "Key"
            case value = "Value"
        }

        var key: String
        var value: String
    }

    var tags: [Tag]?
    var role: String?
    var diskSize: Int?
    var disableOndemand: Bool?
    var instanceLifecycleConfig: Lifecycle?
    var functionName: String?
    var runtime: String?
    var handler: String?
    var description: String?
    var cpu: Double?
    var memorySize: Int?
    var timeout: Int?
    var instanceConcurrency: Int?
    var idleTimeout: Int?
    var maxInstances: Int?
    var environmentVariables: [String: String]?
    var layers: [String]?
    var internetAccess: Bool?
    var customDNS: NameServers?
    var customContainerConfig: Container
}
