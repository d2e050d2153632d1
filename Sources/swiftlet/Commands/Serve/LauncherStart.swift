// SPDX-License-Identifier: Apache-2.0
import AsyncInvocation
import Glibc
import Logging
import NATS

/// Turns this process into the launcher, which starts the daemon: the pid that was started is then the one that owns everything.
enum LauncherStart {
    static func defaultUser() throws -> String {
        for name in ["swiftlet", "nobody"] where getpwnam(name) != nil { return name }
        throw CommandFailure("there is neither a user 'swiftlet' nor 'nobody' on this machine: name one with --user")
    }

    /// The launcher's arguments: its own, then the daemon's whole command line with every choice already made.
    static func arguments(_ options: ServeOptions, user: String, launcher: String, program: String) -> [String] {
        var arguments = [
            launcher, "--state-dir", options.stateDirectory, "--user", user,
            "--user-namespaces", options.userNamespaces,
        ]
        if options.internetAccess { arguments.append("--internet-access") }
        arguments += options.nameServers.flatMap { ["--dns", $0] }
        arguments += ["--", program, "serve"]
        if options.internetAccess { arguments.append("--internet-access") }
        arguments += options.nameServers.flatMap { ["--dns", $0] }
        arguments += ["--listen", options.listen.description, "--state-dir", options.stateDirectory, "--user", user]
        if let address = options.controlListen { arguments += ["--api-listen", address.description] }
        if let address = options.listenTLS, let certificate = options.tlsCertificate, let key = options.tlsKey {
            arguments += ["--listen-tls", address.description, "--tls-certificate", certificate, "--tls-key", key]
        }
        if let time = options.freezeIdle { arguments += ["--freeze-idle", "\(time)"] }
        if let time = options.firstByteTime { arguments += ["--first-byte-time", "\(time)"] }
        if let time = options.answerIdleTime { arguments += ["--answer-idle-time", "\(time)"] }
        if options.insecure { arguments.append("--insecure") }
        if let store = options.objectStore { arguments += ["--object-store", store.text] }
        arguments += [
            "--event-loops", "\(options.eventLoops)", "--log-level", options.logLevel.rawValue, "--log-format", options.logFormat.rawValue,
        ]
        if let endpoint = options.traceEndpoint { arguments += ["--trace-endpoint", endpoint, "--trace-share", "\(options.traceShare)"] }
        arguments += ["--async-concurrency", "\(options.asynchronous.perFunction)"]
        arguments += ["--async-payload", "\(options.asyncPayload)"]
        if let cluster = options.cluster { arguments += ["--cluster", cluster.text] }
        arguments += ["--missed-ticks", options.asynchronous.missedTicks.rawValue]
        if let file = options.registriesFile { arguments += ["--registries", file] }
        if let quota = options.imageQuota { arguments += ["--image-quota", "\(quota)"] }
        arguments += ["--user-namespaces", options.userNamespaces]
        arguments += options.imageLimits.flatMap { ["--image-limit", $0] }
        return arguments + ["--keep-alive", options.keepAlive.rawValue, "--max-instances", "\(options.maximumInstances)"]
    }

    /// Returns only by throwing.
    static func replaceProcess(_ options: ServeOptions, user: String) throws {
        guard getpwnam(user) != nil else {
            throw CommandFailure("there is no user '\(user)' on this machine: make one, or name another with --user")
        }
        let program = try ownProgram()
        let launcher = (program.lastIndex(of: "/").map { String(program[...$0]) } ?? "") + "swiftlet-launcher"
        let words = arguments(options, user: user, launcher: launcher, program: program)
        var pointers: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) }
        pointers.append(nil)
        execve(launcher, pointers, environ)
        let error = errno
        for pointer in pointers { free(pointer) }
        throw CommandFailure(
            "cannot start \(launcher): \(String(cString: strerror(error))); it is built beside swiftlet (swift build -c release) and must stay there"
        )
    }

    static func ownProgram() throws -> String {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let length = readlink("/proc/self/exe", &buffer, buffer.count - 1)
        guard length > 0 else { throw CommandFailure("cannot tell where this program lies: \(String(cString: strerror(errno)))") }
        return String(decoding: buffer[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
