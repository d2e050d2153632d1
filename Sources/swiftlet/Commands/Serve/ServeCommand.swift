// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import AsyncInvocation
import FunctionModel
import Glibc
import Images
import LinuxSystem
import Logging
import NATS

struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Runs the host until SIGTERM or SIGINT.",
        discussion: """
            One address takes calls and the API. When it is ready, the host prints one line:
              swiftlet ready: http://127.0.0.1:8080 (state /var/lib/swiftlet, pid 4711)

            Examples:
              sudo swiftlet serve
              sudo swiftlet serve --listen 127.0.0.1:9090 --state-dir rootfs/dev

            Every option may also be given as a variable (--state-dir as SWIFTLET_STATE_DIR) and in /etc/swiftlet/config.yaml (state-dir: DIR).
            The command line wins over the environment, and the environment over the file.
            """)

    @Option(
        help: ArgumentHelp("The configuration file. (default: /etc/swiftlet/config.yaml where it exists)", valueName: "file"),
        completion: .file(extensions: ["yaml"]))
    var config: String?

    @Option(
        help: ArgumentHelp(
            "Where calls, and unless --api-listen is given the API, are taken; port 0 takes a free one.", valueName: "host:port"))
    var listen = ListenAddress(host: "127.0.0.1", port: 8080)

    @Option(help: ArgumentHelp("An address of its own for the API; --listen then takes calls only.", valueName: "host:port"))
    var apiListen: ListenAddress?

    @Option(
        help: ArgumentHelp(
            "Where HTTPS is taken besides, with HTTP/2 for who asks for it; needs --tls-certificate and --tls-key.", valueName: "host:port")
    )
    var listenTls: ListenAddress?

    @Option(
        help: ArgumentHelp("PEM file of the certificate and those behind it; SIGHUP has both files read again.", valueName: "file"),
        completion: .file())
    var tlsCertificate: String?

    @Option(help: ArgumentHelp("PEM file of its key.", valueName: "file"), completion: .file())
    var tlsKey: String?

    @Option(
        help: ArgumentHelp("Seconds a function may take to begin its answer. (default: as long as its own timeout)", valueName: "s"))
    var firstByteTime: Int?

    @Option(
        help: ArgumentHelp("Seconds without a byte of an answer that has begun. (default: as long as its own timeout)", valueName: "s"))
    var answerIdleTime: Int?

    @Option(help: ArgumentHelp("Where images, definitions and logs are kept.", valueName: "dir"), completion: .directory)
    var stateDir = "/var/lib/swiftlet"

    @Option(help: "The user that everything clients reach runs as. (default: swiftlet if there is one, else nobody)")
    var user: String?

    @Option(help: ArgumentHelp("Threads that take calls. (default: one for each CPU)", valueName: "n"))
    var eventLoops: Int?

    @Option(help: "trace, debug, info, notice, warning, error or critical.", transform: Self.level)
    var logLevel: Logger.Level = .notice

    @Option(help: "How the host's own log is written: text, json or logfmt. At level info each call is a line.")
    var logFormat = LogFormat.text

    @Option(help: ArgumentHelp("An OpenTelemetry collector (OTLP over HTTP) that gets a span for each part of a call.", valueName: "url"))
    var traceEndpoint: String?

    @Option(help: ArgumentHelp("Of traces that begin here, the part that is recorded. (0 to 1)", valueName: "part"))
    var traceShare = 1.0

    @Option(help: ArgumentHelp("The most instances alive at once, over all functions.", valueName: "n"))
    var maxInstances = 300

    @Option(help: ArgumentHelp("Asynchronous invocations of one function that run at once.", valueName: "n"))
    var asyncConcurrency = 16

    @Option(help: ArgumentHelp("The largest payload of an asynchronous invocation. (default: 128KiB)", valueName: "size"))
    var asyncPayload: ByteSize?

    @Option(
        help: ArgumentHelp(
            "NATS servers (JetStream) over which several hosts share one queue and one set of definitions (docs/scale-out.md):"
                + " nats://HOST:PORT,HOST:PORT/NAME?replicas=3. (default: this host by itself)", valueName: "url"),
        transform: Self.cluster)
    var cluster: NATSCluster?

    @Option(
        help: "Ticks of timers that passed while no host ran: once (one invocation for all of them) or skip. (default: once)",
        transform: Self.missed)
    var missedTicks: MissedTicks = .once

    @Option(
        help: ArgumentHelp(
            "Where zips of layers are kept: an absolute folder, or http(s)://HOST:PORT/BUCKET of an S3 server. (default: in the state directory)",
            valueName: "place"))
    var objectStore: ObjectStoreChoice?

    @Option(
        help: ArgumentHelp(
            "What is to be known of registries: mirrors, certificates, signatures, logins (docs/images.md).", valueName: "file"),
        completion: .file())
    var registries: String?

    @Option(help: ArgumentHelp("The most that images may take on disk, for example 20GiB. (default: what the disk has)", valueName: "size"))
    var imageQuota: ByteSize?

    @Option(help: ArgumentHelp("Own ids for each instance: auto, always (or do not start), never.", valueName: "when"))
    var userNamespaces = "auto"

    @Flag(help: "Give functions with internetAccess a way to other machines; needs nftables, and has the kernel forward packets.")
    var internetAccess = false

    @Option(
        parsing: .singleValue,
        help: ArgumentHelp(
            "A name server for those functions; may be repeated. (default: what /etc/resolv.conf of this host says)", valueName: "address"))
    var dns: [String] = []

    @Option(
        name: .customLong("image-limit"),
        help: ArgumentHelp(
            "How much an image may ask for, for example bytes=8GiB; may be repeated. "
                + ImageLimits.all.map { "\($0.name) (\($0.meaning)): \($0.standard)" }.joined(separator: "; ") + ".",
            valueName: "name=value"))
    var imageLimits: [String] = []

    @Option(
        help: ArgumentHelp(
            "How long an instance without calls is kept: fixed, for its function's idleTimeout; or learned from the gaps between its calls, with a start "
                + "ahead of the one that is due, where they say enough.", valueName: "how"))
    var keepAlive = KeepAlive.fixed

    @Option(
        help: ArgumentHelp(
            "Keeps an instance from running once it has had no call for so long, until its next one: 1 to 86400 seconds. Needs a cgroup2 mount.",
            valueName: "seconds"))
    var freezeIdle: Int?

    @Flag(help: "Ask nobody for a signature, also on an address that others reach.")
    var insecure = false

    func validate() throws {
        guard ["auto", "always", "never"].contains(userNamespaces) else {
            throw ValidationError("--user-namespaces is '\(userNamespaces)'; it must be auto, always or never")
        }
        guard dns.count <= NameService.mostServers, dns.allSatisfy(NameService.isAddress) else {
            throw ValidationError("--dns is \(dns.joined(separator: ", ")); it must be at most \(NameService.mostServers) IPv4 addresses")
        }
        guard internetAccess || dns.isEmpty else { throw ValidationError("--dns goes with --internet-access") }
        guard !stateDir.isEmpty, !stateDir.utf8.contains(0), stateDir.utf8.count < 512 else {
            throw ValidationError("--state-dir must be the path of a directory, of fewer than 512 bytes")
        }
        guard (1...256).contains(eventLoops ?? 1) else { throw ValidationError("--event-loops is \(eventLoops ?? 0); it must be 1 to 256") }
        guard (1...100_000).contains(maxInstances) else {
            throw ValidationError("--max-instances is \(maxInstances); it must be 1 to 100000")
        }
        do { _ = try Self.limits(imageLimits) } catch { throw ValidationError("--image-limit: \(error)") }
        guard (1...1000).contains(asyncConcurrency) else {
            throw ValidationError("--async-concurrency is \(asyncConcurrency); it must be 1 to 1000")
        }
        if let asyncPayload, asyncPayload.bytes > Self.largestAsyncPayload {
            throw ValidationError("--async-payload is \(asyncPayload.bytes) bytes; it must be at most 6MiB, the most that a call may have")
        }
        if let apiListen, apiListen == listen, listen.port != 0 {
            throw ValidationError(
                "--listen and --api-listen are both \(listen); leave --api-listen out to have the API on the same address")
        }
        guard (listenTls == nil) == (tlsCertificate == nil), (listenTls == nil) == (tlsKey == nil) else {
            throw ValidationError("--listen-tls, --tls-certificate and --tls-key go together: give all three, or none")
        }
        for (name, value) in [("--first-byte-time", firstByteTime), ("--answer-idle-time", answerIdleTime), ("--freeze-idle", freezeIdle)] {
            if let value, !(1...86400).contains(value) { throw ValidationError("\(name) is \(value); it must be 1 to 86400 seconds") }
        }
        if let traceEndpoint, !traceEndpoint.hasPrefix("http://"), !traceEndpoint.hasPrefix("https://") {
            throw ValidationError("--trace-endpoint '\(traceEndpoint)' is no http URL; give for example http://127.0.0.1:4318")
        }
        guard (0...1).contains(traceShare) else { throw ValidationError("--trace-share is \(traceShare); it must be 0 to 1") }
        if let user, user.isEmpty || user.utf8.contains(where: { $0 <= 32 || $0 == 58 }) {
            throw ValidationError("--user '\(user)' is no user name")
        }
    }

    /// For some thousands of clients with their connections to instances. The room for one is 8 bytes.
    private static let descriptors = 16_384
    private static let largestAsyncPayload: UInt64 = 6 << 20

    func run() async throws {
        let options = try options()
        if getenv("SWIFTLET_LAUNCHER_FD") != nil {
            try OwnProcess.makeRoom(forDescriptors: Self.descriptors)
            return try await Daemon.run(options)
        }
        let place = PlaceFacts.probe(
            stateDirectory: options.stateDirectory, addresses: [options.listen] + (options.controlListen.map { [$0] } ?? []),
            user: options.user,
            clock: time(nil))
        let failed = HostChecks.all(.probe(), place).filter { $0.verdict == .failed }
        guard failed.isEmpty else {
            let lines = failed.map { "  - \($0.name): \($0.found); \($0.mend ?? "")" }
            throw CommandFailure("the host cannot start here (`swiftlet doctor` tells more)\n" + lines.joined(separator: "\n"))
        }
        let user = try user ?? LauncherStart.defaultUser()
        try LauncherStart.replaceProcess(options, user: user)
    }

    private static func cluster(_ text: String) throws -> NATSCluster {
        guard let cluster = NATSCluster(text) else {
            throw ValidationError("it must be like nats://HOST:PORT,HOST:PORT/NAME?replicas=3, with 1, 3 or 5 replicas and no login in it")
        }
        return cluster
    }

    private static func missed(_ word: String) throws -> MissedTicks {
        guard let missed = MissedTicks(rawValue: word) else { throw ValidationError("it must be once or skip") }
        return missed
    }

    private static func level(_ name: String) throws -> Logger.Level {
        guard let level = Logger.Level(rawValue: name.lowercased()) else {
            throw ValidationError("it must be one of \(Logger.Level.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        return level
    }

    static func limits(_ words: [String]) throws(UnpackLimitError) -> ImageLimits {
        var limits = ImageLimits()
        for word in words { try limits.set(word) }
        return limits
    }

    private func options() throws -> ServeOptions {
        var asynchronous = AsyncOptions()
        (asynchronous.perFunction, asynchronous.missedTicks) = (asyncConcurrency, missedTicks)
        return ServeOptions(
            listen: listen, controlListen: apiListen, listenTLS: listenTls, tlsCertificate: try tlsCertificate.map(AbsolutePath.of),
            tlsKey: try tlsKey.map(AbsolutePath.of), firstByteTime: firstByteTime, answerIdleTime: answerIdleTime,
            stateDirectory: try AbsolutePath.of(stateDir), user: user,
            eventLoops: eventLoops ?? max(1, sysconf(CInt(_SC_NPROCESSORS_ONLN))), logLevel: logLevel, logFormat: logFormat,
            traceEndpoint: traceEndpoint, traceShare: traceShare, maximumInstances: maxInstances, keepAlive: keepAlive,
            freezeIdle: freezeIdle,
            asynchronous: asynchronous,
            asyncPayload: Int(asyncPayload?.bytes ?? 128 << 10), cluster: cluster,
            objectStore: objectStore, registriesFile: try registries.map(AbsolutePath.of), imageQuota: imageQuota?.bytes,
            userNamespaces: userNamespaces, internetAccess: internetAccess, nameServers: dns, imageLimits: imageLimits, insecure: insecure)
    }
}

extension ListenAddress: ExpressibleByArgument {
    init?(argument: String) { self.init(argument) }
    var defaultValueDescription: String { description }
}
