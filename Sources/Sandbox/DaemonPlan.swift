// SPDX-License-Identifier: Apache-2.0
import LinuxSystem

/// The steps that start the daemon: no root, no capability, no way to gain one, and of the state directory nothing but its own part.
public enum DaemonPlan {
    public static let namespaces = Namespaces.mount
    public static let firstListener: CInt = 6
    /// The kernel shares processors out among sessions and cgroups: an instance's share grows with its processors, and is twice the daemon's from two on. A
    /// thread that all calls pass would be put off by each of them that wakes. This is about two and a half times the usual share.
    static let niceness = -4

    /// - Parameters:
    ///   - network: the host's network namespace, which the launcher itself has left.
    ///   - socket: becomes descriptor 3.
    ///   - program: the daemon's file, open, so that it may lie where its user cannot go.
    ///   - cover: the topmost folder above the data that the user cannot enter; it is hidden by an empty one that leads only to the data.
    ///   - data: a detached tree of the data folder.
    ///   - dataPath: where it stays visible, absolute.
    ///   - output: becomes standard output; nil leaves the launcher's.
    ///   - listeners: what a daemon before it has listened on; they become the descriptors from ``firstListener`` on.
    public static func steps(
        network: CInt, socket: CInt, program: CInt, status: CInt, cover: String, data: CInt, dataPath: String, user: ImageUser,
        arguments: [String], environment: [String], output: CInt? = nil, listeners: [CInt] = []
    ) -> [SetupStep] {
        let kept = listeners.enumerated().map { SetupStep.duplicate($1, to: firstListener + CInt($0), keepAtExec: true) }
        let prepared: [SetupStep] = [
            .dieWithParent, .ownSession, .raisedPriority(niceness), .enterNetwork(network),
            .newMount(
                "tmpfs", options: [.init("size", "64k"), .init("nr_inodes", "256"), .init("mode", "0755")],
                attributes: [.noSetuid, .noDevices, .noExecution], at: cover),
            .makePath(dataPath), .attach(data, at: dataPath),
            .changeFolder("/"),
            .duplicate(socket, to: 3, keepAtExec: true), .duplicate(program, to: 4, keepAtExec: false),
            .duplicate(status, to: 5, keepAtExec: false),
        ]
        return prepared + (output.map { [.duplicate($0, to: 1, keepAtExec: true)] } ?? []) + kept + [
            .closeFrom(firstListener + CInt(listeners.count)), .ownKeyring, .umask(0o077), .resetSignals,
            .boundCapabilities(0), .groups(user.groups), .group(user.group), .user(user.user), .capabilities(0),
            .dieWithParent,  // Again, because the change of user has cleared it.
            .noNewPrivileges,
            .executeDescriptor(4, name: arguments.first ?? "", arguments: arguments, environment: environment),
        ]
    }

    /// The topmost folder on the way to `path` that a user cannot enter; the last one at least, since it is always closed.
    ///
    /// - Parameters:
    ///   - path: absolute, the state directory.
    ///   - canEnter: whether a folder lets the user through.
    public static func cover(for path: String, canEnter: (String) -> Bool) -> String {
        var folder = ""
        for part in path.split(separator: "/") {
            folder += "/\(part)"
            if !canEnter(folder) { return folder }
        }
        return path
    }
}
