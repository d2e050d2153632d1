// SPDX-License-Identifier: Apache-2.0
import FunctionModel
import Glibc
import LinuxSystem

extension LayerTree {
    /// Makes a folder or takes over the one that is there, in which case its content stays.
    func makeFolder(_ entry: EntryPath, _ metadata: EntryMetadata) throws(LayerRefusal) {
        if metadata.mode & 0o2000 != 0 { hasGroupFolder = true }
        if entry.isRoot { return try setFolder(root, byteName(".".utf8), entry, metadata, inFolder: nil, isNew: false) }
        let parent = try folder(entry.folder, of: entry)
        let name = byteName(entry.name)
        let isNew = mkdirat(parent.number, name, metadata.mode & 0o777) == 0
        if !isNew {
            guard errno == EEXIST else { throw failed("the folder cannot be made", of: entry) }
            switch try kind(parent.number, name, of: entry) {
            case .folder: break
            case .whiteout: try makeFolderOverWhiteout(parent, name, of: entry)
            default:
                try removeExisting(parent, name, of: entry)
                guard mkdirat(parent.number, name, 0o700) == 0 else { throw failed("the folder cannot be made", of: entry) }
            }
        }
        try setFolder(parent.number, name, entry, metadata, inFolder: parent.number, isNew: isNew)
    }

    private func setFolder(
        _ parent: CInt, _ name: ByteName, _ entry: EntryPath, _ metadata: EntryMetadata, inFolder: CInt?, isNew: Bool
    ) throws(LayerRefusal) {
        do {
            let opened = try openAt(parent, bytes: name, flags: O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
            if !isNew || !metadata.isOurs || metadata.isSpecial || hasGroupFolder { try set(metadata, on: opened.number, entry) }
            try record(opened.number, in: inFolder, entry.bytes, metadata.time, of: entry)
            remember(opened, entry.bytes)
        } catch { throw refusal(error, entry) }
    }

    /// Makes a new file and lets `content` write it. What had the name is gone, so that no other name of it changes.
    ///
    /// It is made with its mode at once, so that the common file, root's and without special bits, takes four calls: open, write, set the time, close.
    func makeFile(_ entry: EntryPath, _ metadata: EntryMetadata, content: (CInt) throws(LayerRefusal) -> Void) throws(LayerRefusal) {
        let parent = try folder(entry.folder, of: entry)
        let name = byteName(entry.name)
        let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW
        do {
            let file = try replacing(parent, name, entry) { () throws(SystemCallError) in
                let number = try systemCall("openat") { openat(parent.number, name, flags | O_CLOEXEC, metadata.mode & 0o777) }
                return Descriptor(owning: number)
            }
            try content(file.number)
            if !metadata.isOurs || metadata.isSpecial || hasGroupFolder { try set(metadata, on: file.number, entry) }
            try setTime(metadata.time, of: file.number)
        } catch { throw refusal(error, entry) }
    }

    func makeLink(_ entry: EntryPath, to target: UnsafePointer<CChar>, _ metadata: EntryMetadata) throws(LayerRefusal) {
        try makeNameless(entry, metadata, setMode: false) { parent, name in symlinkat(target, parent, name) }
    }

    func makeFifo(_ entry: EntryPath, _ metadata: EntryMetadata) throws(LayerRefusal) {
        try makeNameless(entry, metadata, setMode: true) { parent, name in mknodat(parent, name, S_IFIFO | 0o600, 0) }
    }

    /// A second name for what this layer already made.
    func makeHardLink(_ entry: EntryPath, to target: EntryPath) throws(LayerRefusal) {
        let missing = "it is a hard link to \(quoted(target.bytes)), which this layer does not have before it"
        if target.isRoot { throw LayerRefusal("entry \(quoted(entry.bytes)): it is a hard link to the layer's root") }
        if target == entry { return }
        do {
            let parent = try folder(entry.folder, of: entry)
            let path = target.folder.isEmpty ? byteName(".".utf8) : byteName(target.folder)
            let from = try openAt(root, bytes: path, flags: OpenFlags.path | O_DIRECTORY, resolve: [.inRoot, .noMagicLinks])
            let fromName = byteName(target.name)
            switch try kind(from.number, fromName, of: entry) {
            case .nothing, .whiteout: throw LayerRefusal("entry \(quoted(entry.bytes)): \(missing)")
            case .folder: throw LayerRefusal("entry \(quoted(entry.bytes)): it is a hard link to the folder \(quoted(target.bytes))")
            case .link, .other: break
            }
            try checkLinkCount(from.number, fromName, entry, target)
            let name = byteName(entry.name)
            try replacing(parent, name, entry) { () throws(SystemCallError) in
                try systemCall("linkat") { linkat(from.number, fromName, parent.number, name, 0) }
            }
        } catch let error as SystemCallError where error.errno == ENOENT || error.errno == ENOTDIR {
            throw LayerRefusal("entry \(quoted(entry.bytes)): \(missing)")
        } catch { throw refusal(error, entry) }
    }

    private func checkLinkCount(_ folder: CInt, _ name: ByteName, _ entry: EntryPath, _ target: EntryPath) throws(LayerRefusal) {
        var status = stat()
        guard fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) == 0, UInt64(status.st_nlink) < limits[.links] else {
            throw LayerRefusal(
                .links, "entry \(quoted(entry.bytes)): \(quoted(target.bytes)) has more names than the limit of \(limits[.links])")
        }
    }

    private func makeNameless(
        _ entry: EntryPath, _ metadata: EntryMetadata, setMode: Bool, _ make: (CInt, ByteName) -> CInt
    ) throws(LayerRefusal) {
        let parent = try folder(entry.folder, of: entry)
        let name = byteName(entry.name)
        do {
            try replacing(parent, name, entry) { () throws(SystemCallError) in try systemCall("make") { make(parent.number, name) } }
            let made = try openAt(parent.number, bytes: name, flags: OpenFlags.path | O_NOFOLLOW)
            try setOwner(made.number, user: metadata.user, group: metadata.group)
            // The name was made here with O_EXCL's meaning and nobody else writes to this folder; a link has no mode of its own.
            if setMode { try systemCall("fchmodat") { fchmodat(parent.number, name, metadata.mode & 0o7777, 0) } }
            try systemCall("utimensat") {
                withUnsafePointer(to: (metadata.time, metadata.time)) { pair in
                    pair.withMemoryRebound(to: timespec.self, capacity: 2) { utimensat(parent.number, name, $0, AT_SYMLINK_NOFOLLOW) }
                }
            }
        } catch { throw refusal(error, entry) }
    }

    /// Runs what makes a name, and where something has the name already, removes that and runs it again.
    @discardableResult
    private func replacing<Result: ~Copyable>(
        _ parent: OpenFolder, _ name: ByteName, _ entry: EntryPath, _ make: () throws(SystemCallError) -> Result
    ) throws -> Result {
        do { return try make() } catch {
            guard error.errno == EEXIST else { throw error }
            try removeExisting(parent, name, of: entry)
            return try make()
        }
    }

    /// The owner first, since a new owner takes setuid and capabilities away; the mode last, since it may take our own access away.
    private func set(_ metadata: EntryMetadata, on descriptor: CInt, _ entry: EntryPath) throws {
        try setOwner(descriptor, user: metadata.user, group: metadata.group)
        if !metadata.attributes.isEmpty { try room.use(metadata.attributes.reduce(0) { $0 + $1.name.count + $1.value.count }, entry) }
        for attribute in metadata.attributes { try set(attribute, on: descriptor, entry) }
        try systemCall("fchmod") { fchmod(descriptor, metadata.mode & 0o7777) }
    }

    private func set(_ attribute: ExtendedAttribute, on descriptor: CInt, _ entry: EntryPath) throws(LayerRefusal) {
        do { try setExtendedAttribute(descriptor, attribute.name, attribute.value) } catch {
            let name = quoted(attribute.name.dropLast().map { UInt8(bitPattern: $0) })
            throw LayerRefusal("entry \(quoted(entry.bytes)): its attribute \(name) cannot be set: \(error)")
        }
    }

    private func refusal(_ error: any Error, _ entry: EntryPath) -> LayerRefusal {
        if let refusal = error as? LayerRefusal { return refusal }
        return LayerRefusal("entry \(quoted(entry.bytes)): it cannot be made: \(error)", after: (error as? SystemCallError)?.errno ?? 0)
    }
}
