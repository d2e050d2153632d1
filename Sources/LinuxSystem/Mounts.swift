// SPDX-License-Identifier: Apache-2.0
import CLinux
import Glibc

/// What a mount forbids. Source: mount_setattr(2).
public struct MountAttributes: OptionSet, Hashable, Sendable {
    public let rawValue: UInt64
    public init(rawValue: UInt64) { self.rawValue = rawValue }
    public static let readOnly = MountAttributes(rawValue: clinux_MOUNT_RDONLY)
    public static let noSetuid = MountAttributes(rawValue: clinux_MOUNT_NOSUID)
    public static let noDevices = MountAttributes(rawValue: clinux_MOUNT_NODEV)
    public static let noExecution = MountAttributes(rawValue: clinux_MOUNT_NOEXEC)
}

/// An option of a file system; an empty value makes it a flag. The kernel takes values of 255 bytes at most.
public struct MountOption: Hashable, Sendable {
    public var key: String
    public var value: String
    public init(_ key: String, _ value: String = "") {
        self.key = key
        self.value = value
    }
}

/// Makes a mount that is nowhere in the tree yet; attach it, or hand its descriptor to a child that does.
public func newMount(_ type: String, options: [MountOption] = [], attributes: MountAttributes) throws(SystemCallError) -> Descriptor {
    var list: [UnsafePointer<CChar>?] = options.flatMap { [UnsafePointer(strdup($0.key)), UnsafePointer(strdup($0.value))] }
    defer { for text in list { free(UnsafeMutablePointer(mutating: text)) } }
    list.append(nil)
    return Descriptor(owning: try systemCall("mount \(type)") { clinux_new_mount(type, &list, attributes.rawValue) })
}

/// A detached copy of the mount in which `path` lies, with `path` as its root. An empty path stands for `directory` itself.
public func cloneTree(_ directory: CInt, _ path: String, recursive: Bool = false) throws(SystemCallError) -> Descriptor {
    Descriptor(owning: try systemCall("open_tree \(path)") { clinux_clone_tree(directory, path, recursive ? 1 : 0) })
}

extension Descriptor {
    /// Puts this detached mount onto a place of this process's mount namespace.
    public borrowing func attach(at directory: CInt, _ path: String) throws(SystemCallError) {
        try systemCall("move_mount \(path)") { clinux_attach(number, directory, path) }
    }

    /// Adds attributes to this mount.
    public borrowing func restrict(_ attributes: MountAttributes) throws(SystemCallError) {
        try systemCall("mount_setattr") { clinux_set_mount_attributes(number, attributes.rawValue) }
    }

    /// Shows the files of this detached mount as owned by the ids that a user namespace gives to their owners (an idmapped mount). Files on disk
    /// stay as they are; an owner without an id in the namespace is shown as nobody.
    ///
    /// - Throws: EINVAL where the file system cannot. Source: mount_setattr(2), MOUNT_ATTR_IDMAP.
    public borrowing func mapOwners(to users: CInt) throws(SystemCallError) {
        try systemCall("mount_setattr MOUNT_ATTR_IDMAP") { clinux_map_owners(number, users) }
    }
}

/// mount(2), for what the newer calls cannot do on older kernels.
public func mount(
    _ source: String, on target: String, type: String?, flags: UInt, data: String?
) throws(SystemCallError) {
    try systemCall("mount \(target)") { clinux_mount(source, target, type, flags, data) }
}

/// Takes a mount out of this namespace; it goes when its last user does.
public func detachMount(_ target: String) throws(SystemCallError) { try systemCall("umount \(target)") { clinux_detach(target) } }
