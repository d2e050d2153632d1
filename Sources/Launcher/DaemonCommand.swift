// SPDX-License-Identifier: Apache-2.0
import Glibc
import LinuxSystem
import Sandbox

/// What the launcher starts as the daemon, and as whom.
final class DaemonCommand {
    private(set) var program: Descriptor.Box
    /// The program before the last upgrade, until the new one has shown that it runs.
    private var former: Descriptor.Box?
    let arguments: [String]
    let user: ImageUser
    /// The host's network namespace.
    let network: Descriptor

    init(program: consuming Descriptor, arguments: [String], user: ImageUser, network: consuming Descriptor) {
        self.program = Descriptor.Box(program)
        self.arguments = arguments
        self.user = user
        self.network = network
    }

    /// From here on another program is what is started.
    func upgrade(to next: Descriptor.Box) {
        former = program
        program = next
    }

    /// Goes back to the program before the last upgrade, whose successor could not start.
    ///
    /// - Returns: false where there is none.
    func goBack() -> Bool {
        guard let former else { return false }
        program = former
        self.former = nil
        return true
    }

    /// Whether the user may pass through a folder, by its mode and owner. ACLs are not read: the folder is then covered, which does no harm.
    func canEnter(_ folder: String) -> Bool {
        var status = stat()
        guard stat(folder, &status) == 0 else { return false }
        if user.user == 0 { return true }
        if status.st_uid == user.user { return status.st_mode & 0o100 != 0 }
        if status.st_gid == user.group || user.groups.contains(status.st_gid) { return status.st_mode & 0o010 != 0 }
        return status.st_mode & 0o001 != 0
    }

    /// What to do when the daemon has ended.
    enum Next: Hashable, Sendable {
        case finish(status: CInt)
        case startAnew(afterMilliseconds: UInt64)
    }

    /// A daemon that ends by itself soon after its first start could not start at all, for example because its port is in use: that is the end of
    /// the host too. One that dies later is started anew, ever more slowly.
    ///
    /// - Parameters:
    ///   - lifetime: seconds that it ran.
    ///   - restarts: how often it was started anew in a row.
    static func next(after end: ProcessEnd, isStopping: Bool, lifetime: UInt64, restarts: Int) -> Next {
        switch end {
        case .exited(let status) where isStopping || status == 0 || (restarts == 0 && lifetime < 5): .finish(status: status)
        case .signaled(let signal) where isStopping: .finish(status: 128 + signal)
        case .exited, .signaled: .startAnew(afterMilliseconds: min(10_000, 100 << UInt64(min(restarts, 7))))
        }
    }
}
