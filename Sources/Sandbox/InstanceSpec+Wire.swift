// SPDX-License-Identifier: Apache-2.0
import FunctionModel

extension InstanceSpec {
    /// The same bytes for two programs that read the same files when they start: those of the same layers and arguments.
    public var programIdentity: [UInt8] {
        var writer = WireWriter()
        writer.strings(layers.map(\.hex))
        writer.strings(arguments)
        return writer.bytes
    }

    func write(to writer: inout WireWriter) {
        writer.string(id.text)
        writer.strings(layers.map(\.hex))
        writer.strings(arguments)
        writer.strings(environment)
        writer.string(workingDirectory)
        writer.string(user)
        writer.string(hostname)
        writer.string(owner)
        writer.integer(limits.memory)
        writer.integer(limits.milliCPU)
        writer.integer(limits.processes)
        writer.integer(limits.openFiles)
        writer.integer(limits.temporary)
        writer.integer(port)
        writer.integer(capabilities.rawValue)
        writer.integer(profile.number)
        writer.integer(UInt8(reportsListen ? 1 : 0))
        writer.integer(UInt8(internet == nil ? 0 : 1))
        guard let internet else { return }
        for words in [internet.servers, internet.searches, internet.options] { writer.strings(words) }
    }

    /// Reads a spec and holds it to every bound, so that what comes out may be acted on as root.
    init(from reader: inout WireReader) throws(WireError) {
        let id = try reader.instanceID()
        var layers: [Digest] = []
        for _ in 0..<(try reader.count("layers", bound: WireBounds.layers)) { layers.append(try reader.digest()) }
        let arguments = try reader.strings("arguments", bound: WireBounds.arguments)
        let environment = try reader.strings("variables", bound: WireBounds.environment)
        let workingDirectory = try reader.string("the working directory", bound: WireBounds.path)
        let user = try reader.string("the user", bound: WireBounds.user)
        let hostname = try reader.string("the host name", bound: WireBounds.hostname)
        let owner = try reader.string("the owner", bound: WireBounds.owner)
        var limits = InstanceLimits(memory: try reader.integer(), milliCPU: try reader.integer(), temporary: 0)
        limits.processes = try reader.integer()
        limits.openFiles = try reader.integer()
        limits.temporary = try reader.integer()
        self.init(
            id: id, layers: layers, arguments: arguments, environment: environment, workingDirectory: workingDirectory, user: user,
            hostname: hostname, limits: limits, port: try reader.integer())
        self.owner = owner
        capabilities = InstanceCapabilities(rawValue: try reader.integer())
        profile = try reader.profile()
        reportsListen = try reader.integer(UInt8.self) != 0
        internet = try reader.internet()
        try validate()
    }

    /// The rules that a spec keeps. The client checks them before it sends, so that a mistake fails one start and not the connection.
    ///
    /// - Throws: ``WireError`` naming the field and its limit.
    public func validate() throws(WireError) {
        func refuse(_ reason: String, when broken: Bool) throws(WireError) { if broken { throw WireError(reason) } }
        try refuse("the owner is longer than \(WireBounds.owner) bytes", when: owner.utf8.count > WireBounds.owner)
        try refuse("\(layers.count) layers, the limit is \(WireBounds.layers)", when: layers.count > WireBounds.layers)
        try refuse(
            "no program to run: the image has no ENTRYPOINT or CMD, so give one with --command", when: (arguments.first ?? "").isEmpty)
        try refuse("\(arguments.count) arguments, the limit is \(WireBounds.arguments)", when: arguments.count > WireBounds.arguments)
        try refuse(
            "\(environment.count) variables, the limit is \(WireBounds.environment)", when: environment.count > WireBounds.environment)
        let total = (arguments + environment).reduce(0) { $0 + $1.utf8.count + 1 }
        try refuse(
            "arguments and environment are \(total) bytes, the limit is \(WireBounds.argumentsAndEnvironment)",
            when: total > WireBounds.argumentsAndEnvironment)
        try refuse("an argument or a variable has a zero byte in it", when: (arguments + environment).contains { $0.utf8.contains(0) })
        try refuse("a variable without '='", when: environment.contains { !$0.utf8.contains(61) })
        let directory = workingDirectory.utf8
        try refuse(
            "the working directory '\(workingDirectory.prefix(200))' is not an absolute path below \(WireBounds.path) bytes",
            when: !directory.isEmpty && (directory.first != 47 || directory.count > WireBounds.path || directory.contains(0)))
        try refuse("the user is longer than \(WireBounds.user) bytes", when: user.utf8.count > WireBounds.user || user.utf8.contains(0))
        let hostnameIsFine = hostname.utf8.allSatisfy { (97...122).contains($0 | 32) || (48...57).contains($0) || $0 == 45 || $0 == 46 }
        try refuse(
            "the host name is not 1 to 64 letters, digits, '-' and '.'",
            when: !hostnameIsFine || !(1...WireBounds.hostname).contains(hostname.utf8.count))
        try limits.validate()
        try refuse("the port is 0", when: port == 0)
        if let fault = internet?.fault { throw WireError("\(fault.field) has '\(fault.value.prefix(64))'; it must be \(fault.rule)") }
        try refuse("capabilities that no function can have", when: !InstanceCapabilities.all.contains(capabilities))
    }
}

extension WireReader {
    fileprivate mutating func profile() throws(WireError) -> SystemCallProfile {
        let number = try integer(UInt8.self)
        guard let profile = SystemCallProfile.allCases.first(where: { $0.number == number }) else {
            throw WireError("unknown profile \(number)")
        }
        return profile
    }

    fileprivate mutating func internet() throws(WireError) -> NameService? {
        guard try integer(UInt8.self) != 0 else { return nil }
        var service = NameService()
        service.servers = try strings("name servers", bound: NameService.mostServers)
        service.searches = try strings("domains", bound: NameService.mostSearches)
        service.options = try strings("options", bound: NameService.mostOptions)
        return service
    }
}

extension InstanceLimits {
    func validate() throws(WireError) {
        func refuse(_ name: String, _ value: UInt64, outside range: ClosedRange<UInt64>) throws(WireError) {
            if !range.contains(value) { throw WireError("\(name) is \(value), outside of \(range.lowerBound) to \(range.upperBound)") }
        }
        try refuse("memory in bytes", memory, outside: 4 << 20...1 << 50)
        try refuse("thousandths of a CPU", UInt64(milliCPU), outside: 1...1_024_000)
        try refuse("processes", UInt64(processes), outside: 1...4_000_000)
        try refuse("open files", openFiles, outside: 16...1 << 30)
        try refuse("bytes of /tmp", temporary, outside: 4096...1 << 50)
    }
}
