// SPDX-License-Identifier: Apache-2.0
import Glibc

/// One bare start: `posix_spawn`, connect as soon as the program listens, one request, first byte; then the program is killed and reaped.
enum BareStart {
    /// How long a program may take to listen, in nanoseconds. Source: Function Compute contract §7.1, 120 s.
    private static let bound: UInt64 = 120_000_000_000

    /// - Parameter null: the program's input and output.
    static func measure(_ plan: BarePlan, null: CInt) throws -> Double {
        guard let first = plan.arguments.first else { throw CommandFailure("there is no program to start") }
        let program = try find(first, plan.environment)
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for descriptor in CInt(0)...2 { posix_spawn_file_actions_adddup2(&actions, null, descriptor) }
        var arguments = plan.arguments.map { strdup($0) } + [nil]
        var environment = plan.environment.map { strdup($0) } + [nil]
        defer { for text in arguments + environment { free(text) } }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = plan.port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let request = TimedCall.request(path: "/invoke", host: "127.0.0.1:\(plan.port)", body: plan.body)

        let start = TimedCall.clock()
        var child: pid_t = 0
        let error = posix_spawn(&child, program, &actions, nil, &arguments, &environment)
        guard error == 0 else { throw CommandFailure("cannot start \(program): \(String(cString: strerror(error)))") }
        defer {
            kill(child, SIGKILL)
            var status: CInt = 0
            while waitpid(child, &status, 0) < 0, errno == EINTR {}
        }
        return try TimedCall.send(request, to: address, since: start, retryUntil: start + bound).milliseconds
    }

    /// A program without a slash is looked up in the `PATH` that it will have.
    private static func find(_ program: String, _ environment: [String]) throws -> String {
        if program.contains("/") { return program }
        let path = environment.last { $0.hasPrefix("PATH=") }?.dropFirst(5) ?? "/usr/bin:/bin"
        for folder in path.split(separator: ":") where access("\(folder)/\(program)", X_OK) == 0 { return "\(folder)/\(program)" }
        throw CommandFailure("the program '\(program)' is nowhere in the image's PATH (\(path))")
    }
}
