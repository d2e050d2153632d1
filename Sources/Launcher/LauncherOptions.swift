// SPDX-License-Identifier: Apache-2.0
import FunctionModel

/// Whether instances have ids of their own. See docs/sandbox.md.
public enum UserNamespaceUse: String, Hashable, Sendable {
    /// Where the kernel and the file system can; where not, the host says so when it starts.
    case auto
    /// A host that cannot does not start.
    case always
    case never
}

/// The launcher's command line. It is started by `swiftlet serve`, and by tests.
public struct LauncherOptions: Hashable, Sendable {
    public var stateDirectory = ""
    /// nil takes `swiftlet` where there is such a user, else `nobody`.
    public var user: String?
    public var userNamespaces = UserNamespaceUse.auto
    /// Whether instances may have a way to other machines, and the name servers of those that have.
    public var internetAccess = false
    public var nameServers: [String] = []
    /// Sandboxes that are kept ready for whoever comes, at most.
    public var blanks = 4
    /// The daemon's program, absolute, and its arguments.
    public var daemon: [String] = []
    /// The other end of a socket whose client runs already; then no daemon is started.
    public var client: CInt?
    /// Set by the launcher itself when it executes its sealed copy: where `swiftlet-unpack` is open, or -1.
    public var sealedUnpacker: CInt?
    /// The same of `swiftlet-inflate`.
    public var sealedInflater: CInt?
    /// The same of the sealed copy of `swiftlet-mold`.
    public var sealedMold: CInt?

    public static let usage = """
        usage: swiftlet-launcher --state-dir DIR [--user NAME] [--user-namespaces auto|always|never]
                  [--blanks N] [--internet-access [--dns ADDRESS]…] -- /path/to/swiftlet serve …
               swiftlet-launcher --state-dir DIR [--blanks N] --client-fd N
        `swiftlet serve` starts it; you need not.
        """

    public init(_ arguments: [String]) throws(LauncherRefusal) {
        var rest = arguments[...]
        func value(_ name: String) throws(LauncherRefusal) -> String {
            guard let value = rest.popFirst() else { throw LauncherRefusal("\(name) needs a value\n\(Self.usage)") }
            return value
        }
        func number(_ name: String) throws(LauncherRefusal) -> CInt {
            let text = try value(name)
            guard let number = CInt(text) else { throw LauncherRefusal("\(name) needs a number, not '\(text)'") }
            return number
        }
        while let argument = rest.popFirst() {
            switch argument {
            case "--state-dir": stateDirectory = try value(argument)
            case "--user": user = try value(argument)
            case "--user-namespaces":
                let word = try value(argument)
                guard let use = UserNamespaceUse(rawValue: word) else {
                    throw LauncherRefusal("--user-namespaces is auto, always or never, not '\(word)'")
                }
                userNamespaces = use
            case "--internet-access": internetAccess = true
            case "--dns":
                let address = try value(argument)
                guard NameService.isAddress(address), nameServers.count < NameService.mostServers else {
                    throw LauncherRefusal("--dns takes at most \(NameService.mostServers) IPv4 addresses, not '\(address)'")
                }
                nameServers.append(address)
            case "--blanks":
                blanks = Int(try number(argument))
                guard (0...16).contains(blanks) else { throw LauncherRefusal("--blanks is 0 to 16, not \(blanks)") }
            case "--client-fd": client = try number(argument)
            case "--sealed-unpacker": sealedUnpacker = try number(argument)
            case "--sealed-inflater": sealedInflater = try number(argument)
            case "--sealed-mold": sealedMold = try number(argument)
            case "--":
                daemon = Array(rest)
                rest = []
            default: throw LauncherRefusal("unknown argument '\(argument)'\n\(Self.usage)")
            }
        }
        if stateDirectory.isEmpty { throw LauncherRefusal("--state-dir is missing\n\(Self.usage)") }
        if daemon.isEmpty == (client == nil) { throw LauncherRefusal("either a daemon after -- or --client-fd is needed\n\(Self.usage)") }
        if let program = daemon.first, !program.hasPrefix("/") { throw LauncherRefusal("the daemon '\(program)' is not an absolute path") }
    }
}
