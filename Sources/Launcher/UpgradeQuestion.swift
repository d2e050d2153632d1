// SPDX-License-Identifier: Apache-2.0
import Glibc
import LinuxSystem
import Sandbox

/// The next daemon's program, while it is asked which messages it speaks: before the daemon that runs gives way.
final class UpgradeQuestion {
    let process: Descriptor
    let program: Descriptor.Box
    private let answer: Descriptor.Box

    /// - Parameter spawn: starts the program as a daemon would be, with its standard output at a number.
    init(_ program: Descriptor.Box, spawn: (_ output: CInt) throws(SystemCallError) -> Descriptor) throws(SystemCallError) {
        let pipe = try Pipe()
        defer { withExtendedLifetime(pipe) {} }
        self.program = program
        answer = pipe.read
        let number = pipe.read.number
        // Nothing may fail once there is a child.
        try systemCall("fcntl O_NONBLOCK") { fcntl(number, F_SETFL, O_NONBLOCK) }
        process = try spawn(pipe.write.number)
    }

    /// Kills it and waits for that, where nobody would be told of its end.
    func endNow() throws(SystemCallError) {
        try process.signal(SIGKILL)
        while try process.reap() == nil { usleep(100) }
    }

    /// What it said, when it has ended.
    ///
    /// - Returns: nil where that was no answer.
    func text(_ end: ProcessEnd) -> String? {
        var buffer = [UInt8](repeating: 0, count: 64)
        let count = read(answer.number, &buffer, buffer.count)
        return end == .exited(0) && count > 0 ? String(decoding: buffer[..<count], as: UTF8.self) : nil
    }
}

extension LauncherLoop {
    /// Milliseconds in which the next program must have said which messages it speaks.
    private static let answerTime: UInt64 = 10_000

    /// The program that lies in the daemon's place now is to be the next daemon. It is asked first whether it can.
    func upgrade() throws(SystemCallError) {
        guard let daemon, !isStopping, !isUpgrading, upgradeQuestion == nil, isDaemonRunning else { return }
        do {
            let program = Descriptor.Box(try openAt(currentDirectory, daemon.arguments.first ?? "", flags: O_RDONLY))
            let question = try UpgradeQuestion(program) { output throws(SystemCallError) in
                let status = try MessageSocketPair()
                let data = Descriptor.Box(try cloneTree(state.root.number, "data"))
                defer { withExtendedLifetime((status, data)) {} }  // The plan holds numbers only.
                let plan = DaemonPlan.steps(
                    network: daemon.network.number, socket: null.number, program: program.number, status: status.other.number,
                    cover: DaemonPlan.cover(for: state.path, canEnter: daemon.canEnter), data: data.number, dataPath: state.path + "/data",
                    user: daemon.user, arguments: [daemon.arguments.first ?? "", LauncherProtocol.verb], environment: daemonEnvironment(),
                    output: output)
                return try starter.spawn(plan, namespaces: DaemonPlan.namespaces, status: status.other.number)
            }
            do { try poller.add(question.process.number, token: Self.token(.upgradeQuestion, 0)) } catch {
                try question.endNow()
                throw error
            }
            upgradeQuestion = question
            after(milliseconds: Self.answerTime, .endQuestion)
        } catch { log("no upgrade, and the daemon that runs goes on: \(error)") }
    }

    func questionAnswered() throws(SystemCallError) {
        guard let question = upgradeQuestion, let end = try question.process.reap() else { return }
        try poller.remove(question.process.number)
        upgradeQuestion = nil
        deadlines.removeAll { if case .endQuestion = $0.action { true } else { false } }
        if let fault = LauncherProtocol.programFault(answer: question.text(end)) {
            return log("no upgrade, and the daemon that runs goes on: \(fault)")
        }
        try giveWay(to: question.program)
    }

    /// The daemon finishes its calls and ends, and the next program is started. Who connects meanwhile waits.
    private func giveWay(to program: Descriptor.Box) throws(SystemCallError) {
        guard let daemon, !isStopping else { return }
        guard case .running(let process, _) = daemonState else {
            return log("no upgrade: the daemon ended while the next program was asked, and the one that it ran is started anew")
        }
        daemon.upgrade(to: program)
        isUpgrading = true
        log("the daemon gives way to \(daemon.arguments.first ?? "")")
        try process.descriptor.signal(SIGTERM)
        after(milliseconds: Self.daemonStopTime, .endDaemon)
    }
}
