// SPDX-License-Identifier: Apache-2.0

extension FunctionConfiguration {
    /// The fields as the API has them, with nothing that only the service knows (name, times, state). ``apply(_:)`` reads it back.
    public var json: [String: JSONValue] {
        var members = stored
        members["runtime"] = "custom-container"
        members["handler"] = .string(handler)
        members["description"] = .string(description)
        members["cpu"] = .number(cpu)
        members["memorySize"] = .integer(Int64(memorySize))
        members["diskSize"] = .integer(Int64(diskSize))
        members["timeout"] = .integer(Int64(timeout))
        members["instanceConcurrency"] = .integer(Int64(instanceConcurrency))
        members["idleTimeout"] = .integer(Int64(idleTimeout))
        if let maximumInstances { members["maxInstances"] = .integer(Int64(maximumInstances)) }
        members["environmentVariables"] = .object(environment.mapValues { .string($0) })
        members["layers"] = .array(layers.map(\.json))
        members["customContainerConfig"] = .object(container)
        return members
    }

    private var container: [String: JSONValue] {
        var members = storedContainer
        members["image"] = .string(image)
        members["port"] = .integer(Int64(port))
        if let entrypoint { members["entrypoint"] = .array(entrypoint.map { .string($0) }) }
        if let command { members["command"] = .array(command.map { .string($0) }) }
        if !capabilities.isEmpty { members["capabilities"] = .array(capabilities.map { .string($0) }) }
        if seccompProfile != "default" { members["seccompProfile"] = .string(seccompProfile) }
        if let healthCheck {
            members["healthCheckConfig"] = [
                "httpGetUrl": .string(healthCheck.path),
                "initialDelaySeconds": .integer(Int64(healthCheck.initialDelay)),
                "periodSeconds": .integer(Int64(healthCheck.period)),
                "timeoutSeconds": .integer(Int64(healthCheck.timeout)),
                "failureThreshold": .integer(Int64(healthCheck.failureThreshold)),
                "successThreshold": .integer(Int64(healthCheck.successThreshold)),
            ]
        }
        return members
    }
}
