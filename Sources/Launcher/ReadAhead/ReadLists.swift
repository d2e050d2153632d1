// SPDX-License-Identifier: Apache-2.0
import FunctionModel
import Glibc
import LinuxSystem
import Sandbox

/// The lists on disk, one file each, named by its key. A list is whole or not there: it is written aside, synced, and renamed.
struct ReadLists {
    /// One more, and the one goes that was not used for longest.
    static let most = ReadAheadBounds.lists
    private static let temporary = ".tmp"

    private struct Entry {
        var layers: [Digest]
        var lastUse: UInt64
    }

    private let folder: CInt
    private var entries: [String: Entry] = [:]
    private var counter: UInt64 = 0
    /// Those that were read lately.
    private var cache: [String: ReadList] = [:]
    private static let mostCached = 32

    /// Takes up what is there; what is no list, or of layers that are gone, is removed.
    ///
    /// - Parameter isThere: whether a layer is unpacked.
    init(folder: CInt, isThere: (Digest) -> Bool, found: (String, ReadList) -> Void) throws(SystemCallError) {
        self.folder = folder
        let names = try openDirectory(folder, ".")
        for name in try directoryEntries(names) {
            guard ReadAheadBounds.isKey(name), let list = read(name), list.layers.allSatisfy(isThere), entries.count < Self.most else {
                try removeFile(folder, name)
                continue
            }
            note(name, list.layers)
            found(name, list)
        }
    }

    private mutating func note(_ key: String, _ layers: [Digest]) {
        counter += 1
        entries[key] = Entry(layers: layers, lastUse: counter)
    }

    /// - Returns: nil where there is none for these layers.
    mutating func list(_ key: String, _ layers: [Digest]) -> ReadList? {
        guard entries[key]?.layers == layers, let list = cache[key] ?? read(key), list.layers == layers else { return nil }
        note(key, layers)
        if cache.count >= Self.mostCached { cache = [:] }
        cache[key] = list
        return list
    }

    private func read(_ name: String) -> ReadList? {
        guard let file = try? openAt(folder, name, flags: O_RDONLY | O_NOFOLLOW | O_NONBLOCK),
            let bytes = try? file.readAll(limit: ReadList.mostText),
            let text = String(validating: bytes, as: UTF8.self)
        else { return nil }
        return try? ReadList(text: text)
    }

    /// - Returns: the one that has made room for it.
    mutating func keep(_ list: ReadList, as key: String) throws(SystemCallError) -> String? {
        var gone: String?
        if entries[key] == nil, entries.count >= Self.most { gone = entries.min { $0.value.lastUse < $1.value.lastUse }?.key }
        try removeFile(folder, Self.temporary)
        let file = try openAt(folder, Self.temporary, flags: O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode: 0o600)
        try file.writeAll(list.text)
        try file.sync()
        try rename(folder, Self.temporary, to: folder, key)
        try openDirectory(folder, ".").sync()
        cache[key] = nil
        note(key, list.layers)
        // Only now: on a full disk nothing is kept, and nothing may go for it. One that cannot be removed now is one too many for the next process, which
        // leaves out and removes any such.
        if let gone { _ = try? remove(gone) }
        return gone
    }

    /// Whether there should be one.
    func contains(_ key: String) -> Bool { entries[key] != nil }

    mutating func remove(_ key: String) throws(SystemCallError) {
        (entries[key], cache[key]) = (nil, nil)
        try removeFile(folder, key)
    }

    /// - Parameter layer: goes, and with it every list that names it.
    /// - Returns: their keys.
    mutating func forget(_ layer: Digest) throws(SystemCallError) -> [String] {
        let keys = entries.filter { $0.value.layers.contains(layer) }.map(\.key)
        for key in keys { try remove(key) }
        return keys
    }
}
