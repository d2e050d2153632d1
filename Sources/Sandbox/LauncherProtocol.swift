// SPDX-License-Identifier: Apache-2.0

/// Which messages a daemon and its launcher speak. The launcher stays when a daemon gives way to the next one, which may come of another build.
public enum LauncherProtocol {
    /// Goes up by one with every change of a message, or of what it carries; `WireTests` holds it to the bytes of all of them.
    public static let version: UInt32 = 2
    /// Where the launcher tells a daemon which version it speaks.
    public static let variable = "SWIFTLET_LAUNCHER_PROTOCOL"
    /// The verb by which it asks another program the same, before a daemon gives way to it. The answer is the number and a line's end.
    public static let verb = "launcher-protocol"
    public static var answer: String { "\(version)\n" }

    /// What a daemon says that cannot work with its launcher; nil where it can.
    ///
    /// - Parameter told: what the launcher has told; nil for one that is older than that.
    public static func daemonFault(told: String?) -> String? {
        if told == "\(version)" { return nil }
        let other = told.map { "version \($0.prefix(16))" } ?? "a version before 2"
        return "this swiftlet speaks version \(version) with its launcher, and the launcher that runs speaks \(other): \(wayOut)"
    }

    /// What the launcher says of a program that cannot work with it; nil for one that can.
    ///
    /// - Parameter answer: what it answered; nil where it did not.
    public static func programFault(answer: String?) -> String? {
        if answer == Self.answer { return nil }
        let told = answer.map { "speaks version \($0.split(separator: "\n").first?.prefix(16) ?? "")" }
        let other = told ?? "does not say which version it speaks"
        return "the launcher speaks version \(version) with its daemon, and the new program \(other): \(wayOut)"
    }

    private static let wayOut = "restart the service, so that all programs are of one build (systemctl restart swiftlet)"
}
