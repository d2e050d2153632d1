// SPDX-License-Identifier: Apache-2.0
import CLinux
import Glibc
import Synchronization

/// Memory that the daemon shares with every unpacker: how many bytes the layers under way may take together, and how many they have taken.
///
/// Each unpacker counts in a place of its own, so that what one has taken is known and given back however it ends. All of them can write all of it: one
/// that was taken over can have others refused, or let go beyond the quota, until the look after each layer. It holds nothing but such counts.
public final class RoomPage: Sendable {
    /// Unpackers that can count at once.
    public static let places = 2045
    private static let heads = 3
    private static let size = (heads + places) * MemoryLayout<UInt64>.size

    public let descriptor: Descriptor.Box
    private let address: UInt

    /// A new page. Its size can never change, so that nobody who shares it can take the memory away from under another.
    public init() throws(SystemCallError) {
        let file = Descriptor(owning: try systemCall("memfd_create") { clinux_memfd("swiftlet-room") })
        let number = file.number
        try systemCall("ftruncate") { ftruncate(number, off_t(Self.size)) }
        // F_ADD_SEALS with F_SEAL_SEAL, F_SEAL_SHRINK and F_SEAL_GROW of linux/fcntl.h.
        try systemCall("fcntl F_ADD_SEALS") { fcntl(number, 1033, 1 | 2 | 4) }
        address = try Self.map(number)
        descriptor = Descriptor.Box(file)
    }

    /// A page that another process has made.
    public init(sharing file: consuming Descriptor) throws(SystemCallError) {
        var status = stat()
        let number = file.number
        try systemCall("fstat") { fstat(number, &status) }
        guard status.st_size == Self.size else { throw SystemCallError(call: "size of the room page", errno: EINVAL) }
        address = try Self.map(number)
        descriptor = Descriptor.Box(file)
    }

    deinit { munmap(UnsafeMutableRawPointer(bitPattern: address), Self.size) }

    /// Bytes that the layers under way may take together.
    public var room: UInt64 {
        get { word(0).pointee.load(ordering: .relaxed) }
        set { word(0).pointee.store(newValue, ordering: .relaxed) }
    }

    /// Bytes that must stay free on the disk.
    public var reserve: UInt64 {
        get { word(1).pointee.load(ordering: .relaxed) }
        set { word(1).pointee.store(newValue, ordering: .relaxed) }
    }

    /// Counts further bytes in a place, where there is room for them: what is refused takes no room from others.
    ///
    /// - Returns: whether there is, and what all places have together with these bytes.
    public func take(_ bytes: UInt64, in place: Int) -> (fits: Bool, together: UInt64) {
        var before = word(2).pointee.load(ordering: .relaxed)
        while true {
            let (together, overflow) = before.addingReportingOverflow(bytes)
            guard !overflow, together <= room else { return (false, overflow ? .max : together) }
            let (exchanged, original) = word(2).pointee.weakCompareExchange(expected: before, desired: together, ordering: .relaxed)
            if exchanged {
                // The sum first: of an unpacker that is killed between the two too much stays counted, and never less than nothing.
                word(Self.heads + place).pointee.wrappingAdd(bytes, ordering: .relaxed)
                return (true, together)
            }
            before = original
        }
    }

    /// Takes back what a place has counted, when its unpacker is gone.
    public func clear(_ place: Int) {
        let taken = word(Self.heads + place).pointee.exchange(0, ordering: .relaxed)
        word(2).pointee.wrappingSubtract(taken, ordering: .relaxed)
    }

    /// When nobody counts: what an unpacker may have left that was killed between two counts goes too.
    public func clearAll() { for number in 2..<Self.heads + Self.places { word(number).pointee.store(0, ordering: .relaxed) } }

    private func word(_ number: Int) -> UnsafeMutablePointer<Atomic<UInt64>> {
        precondition(number >= 0 && number < Self.heads + Self.places)
        // It was mapped, so it is not null.
        return UnsafeMutablePointer(bitPattern: address).unsafelyUnwrapped + number
    }

    private static func map(_ number: CInt) throws(SystemCallError) -> UInt {
        let mapped = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_SHARED, number, 0)
        guard let mapped, mapped != MAP_FAILED else { throw SystemCallError(call: "mmap", errno: errno) }
        return UInt(bitPattern: mapped)
    }
}

/// One unpacker's place in a page.
public struct RoomPlace: Sendable {
    public var page: RoomPage
    public var number: Int

    public init(page: RoomPage, number: Int) {
        self.page = page
        self.number = number
    }
}
