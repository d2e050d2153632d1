// SPDX-License-Identifier: Apache-2.0

/// The ids that an image's USER stands for, looked up in the image's own files by us: a host library in a chroot would load the image's code
/// (CVE-2019-14271), and an id that overflows must not become root (CVE-2024-40635).
public struct ImageUser: Hashable, Sendable {
    public var user: UInt32
    public var group: UInt32
    /// Further groups, as `/etc/group` lists them for the user.
    public var groups: [UInt32]
    /// From `/etc/passwd`, or `/`.
    public var home: String

    public init(user: UInt32, group: UInt32, groups: [UInt32] = [], home: String = "/") {
        self.user = user
        self.group = group
        self.groups = groups
        self.home = home
    }

    /// The highest id that is taken: the kernel's -1 means "no change", and signed 32 bits is what every tool agrees on.
    public static let highest: UInt32 = 0x7fff_ffff

    /// - Parameters:
    ///   - text: `name`, `uid`, `name:group`, `uid:gid`, or empty for root.
    ///   - passwd: the bytes of the image's `/etc/passwd`, empty where there is none.
    ///   - group: the bytes of the image's `/etc/group`, empty where there is none.
    /// - Throws: ``WireError`` with a sentence that names what was not found or out of range.
    public init(_ text: String, passwd: [UInt8], group groupFile: [UInt8]) throws(WireError) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let wanted = parts.first.flatMap { $0.isEmpty ? nil : $0 } ?? "0"
        let accounts = Account.parse(passwd)
        let found: Account?
        if let id = try Self.number(wanted, of: "user") {
            found = accounts.first { $0.id == id } ?? Account(name: nil, id: id, group: 0, home: "/")
        } else {
            found = accounts.first { $0.name == wanted }
        }
        guard let account = found else { throw WireError("the user '\(wanted)' is not in the image's /etc/passwd") }
        let groupEntries = GroupEntry.parse(groupFile)
        user = account.id
        home = account.home.isEmpty ? "/" : account.home
        if parts.count == 2, !parts[1].isEmpty {
            if let id = try Self.number(parts[1], of: "group") {
                group = id
            } else if let entry = groupEntries.first(where: { $0.name == parts[1] }) {
                group = entry.id
            } else {
                throw WireError("the group '\(parts[1])' is not in the image's /etc/group")
            }
            groups = []
        } else {
            group = account.group
            groups = account.name.map { name in groupEntries.filter { $0.members.contains(name) }.map(\.id) } ?? []
            groups = Array(groups.prefix(64))
        }
    }

    /// nil where the text is a name: anything that does not start with a digit or a sign.
    private static func number(_ text: String, of what: String) throws(WireError) -> UInt32? {
        guard let first = text.utf8.first, (48...57).contains(first) || first == 43 || first == 45 else { return nil }
        guard text.utf8.allSatisfy({ (48...57).contains($0) }), let id = UInt32(text), id <= highest else {
            throw WireError("the \(what) '\(text.prefix(64))' is not a number from 0 to \(highest)")
        }
        return id
    }
}

/// A line of `/etc/passwd`. Source: passwd(5).
private struct Account {
    var name: String?
    var id: UInt32
    var group: UInt32
    var home: String

    /// Lines that are malformed or out of range are left out, so that their names are unknown instead of root.
    static func parse(_ bytes: [UInt8]) -> [Account] {
        fields(bytes).compactMap { fields in
            guard fields.count >= 6, !fields[0].isEmpty, let id = identifier(fields[2]), let group = identifier(fields[3]) else {
                return nil
            }
            return Account(name: fields[0], id: id, group: group, home: fields[5].hasPrefix("/") ? fields[5] : "/")
        }
    }
}

/// A line of `/etc/group`. Source: group(5).
private struct GroupEntry {
    var name: String
    var id: UInt32
    var members: [String]

    static func parse(_ bytes: [UInt8]) -> [GroupEntry] {
        fields(bytes).compactMap { fields in
            guard fields.count >= 3, !fields[0].isEmpty, let id = identifier(fields[2]) else { return nil }
            return GroupEntry(name: fields[0], id: id, members: fields.count > 3 ? fields[3].split(separator: ",").map(String.init) : [])
        }
    }
}

private func fields(_ bytes: [UInt8]) -> [[String]] {
    bytes.split(separator: 10).map { line in
        line.split(separator: 58, omittingEmptySubsequences: false).map { String(decoding: $0, as: UTF8.self) }
    }
}

private func identifier(_ text: String) -> UInt32? {
    guard let id = UInt32(text), text.utf8.first != 43, id <= ImageUser.highest else { return nil }
    return id
}
