// SPDX-License-Identifier: Apache-2.0

extension FunctionConfiguration {
    /// Reads a CreateFunctionInput.
    ///
    /// - Throws: ``ServiceError`` with code `InvalidArgument` that names field, value and bound.
    public init(creating input: [String: JSONValue]) throws(ServiceError) {
        let input = input.filter { $0.value != .null }
        if input["runtime"] == nil { throw .missing("runtime", "use \"custom-container\"") }
        if input["handler"] == nil { throw .missing("handler", "an image does not use it: \"index.handler\" will do") }
        let image = input["customContainerConfig"]?.object?["image"]
        if image == nil || image == .null { throw .missing("customContainerConfig.image", "name an image of `swiftlet image list`") }
        self.init(image: "")
        try apply(input)
    }

    /// Applies an UpdateFunctionInput: an omitted field keeps its value, an empty one (`""`, `[]`, `{}`) goes back to its default.
    ///
    /// `cpu` and `memorySize` must fit each other. Where only one of them is in `input`, the other one moves as little as is needed.
    /// - Throws: ``ServiceError`` with code `InvalidArgument`; `self` is then as it was.
    public mutating func apply(_ input: [String: JSONValue]) throws(ServiceError) {
        let reader = FieldReader(input)
        var new = self
        if let runtime = reader.members["runtime"], runtime != "custom-container" {
            throw .invalid("runtime", runtime, "this host runs images only: use \"custom-container\"")
        }
        for name in ["code", "customRuntimeConfig"] {
            if let value = reader.members[name], !value.isEmpty {
                throw .invalidArgument("\(name) goes with runtimes other than custom-container; give customContainerConfig instead")
            }
        }
        new.handler = try reader.string("handler", maximumBytes: 128) ?? handler
        new.description = try reader.string("description", maximumBytes: FunctionLimits.descriptionBytes) ?? description
        new.timeout = try reader.integer("timeout", FunctionLimits.timeout, unit: " seconds") ?? timeout
        new.instanceConcurrency = try reader.integer("instanceConcurrency", FunctionLimits.instanceConcurrency) ?? instanceConcurrency
        new.idleTimeout = try reader.integer("idleTimeout", FunctionLimits.idleTimeout, unit: " seconds") ?? idleTimeout
        new.maximumInstances = try reader.integer("maxInstances", FunctionLimits.maximumInstances) ?? maximumInstances
        if let size = reader.members["diskSize"] {
            guard let megabytes = size.integer, FunctionLimits.diskSizes.contains(megabytes) else {
                throw .invalid("diskSize", size, "it must be 512 or 10240 (megabytes)")
            }
            new.diskSize = megabytes
        }
        new.environment = try reader.environment() ?? environment
        new.layers = try reader.layers() ?? layers
        if let container = try reader.object("customContainerConfig") { try new.applyContainer(container) }
        try new.applySize(reader)
        try new.applyStored(reader)
        try new.checkServer()
        self = new
    }

    private mutating func applyContainer(_ reader: FieldReader) throws(ServiceError) {
        if let name = try reader.string("image", maximumBytes: FunctionLimits.imageLength) {
            guard !name.isEmpty, name.utf8.allSatisfy({ (33...126).contains($0) }) else {
                throw .invalid(reader.field("image"), .string(name), "it must be an image reference, for example \"hello:1\"")
            }
            image = name
        }
        if let words = try reader.strings("entrypoint", maximumBytes: FunctionLimits.argumentBytes) {
            entrypoint = words.isEmpty ? nil : words
        }
        if let words = try reader.strings("command", maximumBytes: FunctionLimits.argumentBytes) { command = words.isEmpty ? nil : words }
        port = try reader.integer("port", FunctionLimits.port) ?? port
        if let names = try reader.strings("capabilities", maximumBytes: 1024) {
            for name in names where !FunctionLimits.capabilities.contains(name) {
                throw .invalid(
                    reader.field("capabilities"), .string(name),
                    "this host takes \(FunctionLimits.capabilities.joined(separator: ", ")); nothing more is given to any function")
            }
            capabilities = Set(names).sorted()
        }
        if let name = try reader.string("seccompProfile", maximumBytes: 64) {
            guard name.isEmpty || FunctionLimits.seccompProfiles.contains(name) else {
                throw .invalid(
                    reader.field("seccompProfile"), .string(name),
                    "this host has \(FunctionLimits.seccompProfiles.joined(separator: " and "))")
            }
            seccompProfile = name.isEmpty ? "default" : name
        }
        if let check = try reader.object("healthCheckConfig") { healthCheck = try check.members.isEmpty ? nil : check.healthCheck() }
        try applyStoredContainer(reader)
    }

    private mutating func applySize(_ reader: FieldReader) throws(ServiceError) {
        let newCPU = try reader.cpu()
        let newMemory = try reader.memorySize()
        cpu = newCPU ?? cpu
        memorySize = newMemory ?? memorySize
        if newCPU != nil, newMemory == nil { memorySize = Self.memory(nearest: memorySize, forCPU: cpu) }
        if newCPU == nil, newMemory != nil { cpu = Self.cpu(nearest: cpu, forMemory: memorySize) }
        guard Self.fits(cpu: cpu, memory: memorySize) else {
            throw .invalidArgument(
                "cpu \(cpu) and memorySize \(memorySize) do not go together: for each vCPU there must be 1 to 4 GB (1024 to 4096 MB) of memory"
            )
        }
    }
}

extension FieldReader {
    fileprivate func cpu() throws(ServiceError) -> Double? {
        guard let value = members["cpu"] else { return nil }
        guard let number = value.number, FunctionLimits.cpu.contains(number), abs(number * 20 - (number * 20).rounded()) < 1e-6 else {
            throw .invalid("cpu", value, "it must be a multiple of 0.05 from 0.05 to 16")
        }
        return (number * 20).rounded() / 20
    }

    fileprivate func memorySize() throws(ServiceError) -> Int? {
        guard let size = try integer("memorySize", FunctionLimits.memorySize, unit: " megabytes") else { return nil }
        guard size % FunctionLimits.memoryStep == 0 else {
            throw .invalid("memorySize", .integer(Int64(size)), "it must be a multiple of \(FunctionLimits.memoryStep) megabytes")
        }
        return size
    }

    fileprivate func environment() throws(ServiceError) -> [String: String]? {
        guard let reader = try object("environmentVariables") else { return nil }
        var variables: [String: String] = [:]
        var bytes = 0
        for (name, value) in reader.members.sorted(by: { $0.key < $1.key }) {
            guard let text = value.string, !text.utf8.contains(0) else {
                throw .invalid(reader.field(name), value, "it must be a string without NUL")
            }
            let rest = name.utf8.allSatisfy { $0 == 95 || isLetter($0) || (48...57).contains($0) }
            guard let first = name.utf8.first, isLetter(first), rest else {
                throw .invalid("environmentVariables", .string(name), "a name starts with a letter and has letters, digits and '_'")
            }
            guard !name.hasPrefix("FC_") else {
                throw .invalid("environmentVariables", .string(name), "names that start with FC_ are set by the host itself")
            }
            bytes += name.utf8.count + text.utf8.count
            variables[name] = text
        }
        guard bytes <= FunctionLimits.environmentBytes else {
            throw .invalidArgument(
                "environmentVariables: \(bytes) bytes of names and values; at most \(FunctionLimits.environmentBytes) are allowed")
        }
        return variables
    }

    fileprivate func healthCheck() throws(ServiceError) -> HealthCheck {
        guard let path = try string("httpGetUrl", maximumBytes: FunctionLimits.healthPathLength) else {
            throw .missing(field("httpGetUrl"), "for example \"/healthz\"")
        }
        // It becomes part of a request line: nothing in it may end that line.
        guard path.utf8.first == UInt8(ascii: "/"), path.utf8.allSatisfy({ (33...126).contains($0) }) else {
            throw .invalid(field("httpGetUrl"), .string(path), "it must be a path of visible ASCII that starts with '/'")
        }
        var check = HealthCheck(path: path)
        check.initialDelay = try integer("initialDelaySeconds", FunctionLimits.healthInitialDelay) ?? check.initialDelay
        check.period = try integer("periodSeconds", FunctionLimits.healthPeriod) ?? check.period
        check.timeout = try integer("timeoutSeconds", FunctionLimits.healthTimeout) ?? check.timeout
        check.failureThreshold = try integer("failureThreshold", FunctionLimits.healthThreshold) ?? check.failureThreshold
        check.successThreshold = try integer("successThreshold", FunctionLimits.healthThreshold) ?? check.successThreshold
        return check
    }
}

private func isLetter(_ byte: UInt8) -> Bool { (65...90).contains(byte) || (97...122).contains(byte) }
