// SPDX-License-Identifier: Apache-2.0
import CLinux
import Glibc
import Synchronization

/// Memory that the daemon shares with every unpacker: how many bytes the layers under way may take together, and how many each has taken.
///
/// Each unpacker counts in a place of its own, so that what one has taken is known and given back however it ends. There is no word for the sum: who is
/// killed between two words would leave it wrong for as long as others are under way. All of them can write all of it: one that was taken over can have
/// others refused, or let go beyond the quota, until the daemon says anew what it knows, with each layer that begins or ends. It holds nothing but such
/// counts.
public final class RoomPage: Sendable {
    /// Those who can count at once.
    public static let places = 2045
    /// How often one gives way to others that take the last of the room in the same moment, before it is refused.
    private static let attempts = 100
    /// How often one looks again where there seems to be no room: another may have counted what it takes back in the next moment.
    private static let looks = 20
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

    /// How many places are looked at; further ones are in nobody's use.
    public var span: Int {
        get { Int(min(word(2).pointee.load(ordering: .relaxed), UInt64(Self.places))) }
        set { word(2).pointee.store(UInt64(newValue), ordering: .relaxed) }
    }

    /// What all places have together.
    public var together: UInt64 { together(atLeast: 0) }

    /// Counts further bytes in a place, where there is room for them: what is refused takes no room from others.
    ///
    /// - Parameter pause: called between two looks.
    /// - Returns: whether there is, and what all places have together with these bytes.
    public func take(
        _ bytes: UInt64, in place: Int, pause: () -> Void = giveWay
    ) -> (fits: Bool, together: UInt64) {
        var asked = look(bytes, in: place, pause: pause)
        for _ in 0..<Self.attempts where asked.fits {
            // Counted first and looked at then: of two that take the last of the room at once, one at least sees both.
            word(Self.heads + place).pointee.wrappingAdd(bytes, ordering: .sequentiallyConsistent)
            let sum = together(atLeast: place + 1)
            if sum <= room { return (true, sum) }
            giveBack(bytes, in: place)
            asked = look(bytes, in: place, pause: pause)
        }
        return (false, asked.together)
    }

    /// As ``take(_:in:pause:)``, and takes nothing.
    public func look(
        _ bytes: UInt64, in place: Int, pause: () -> Void = giveWay
    ) -> (fits: Bool, together: UInt64) {
        var asked = lookOnce(bytes, in: place)
        // What could not be taken were all others gone is not asked for again.
        for _ in 0..<Self.looks where !asked.fits && bytes <= room {
            pause()
            asked = lookOnce(bytes, in: place)
        }
        return asked
    }

    /// Lets others of this processor go first.
    public static func giveWay() { sched_yield() }

    private func lookOnce(_ bytes: UInt64, in place: Int) -> (fits: Bool, together: UInt64) {
        let (sum, overflow) = together(atLeast: place + 1).addingReportingOverflow(bytes)
        return (!overflow && sum <= room, overflow ? .max : sum)
    }

    /// Takes back a part of what a place has counted.
    public func giveBack(_ bytes: UInt64, in place: Int) {
        word(Self.heads + place).pointee.wrappingSubtract(bytes, ordering: .sequentiallyConsistent)
    }

    /// Says what a place has counted, whatever it seems to have.
    public func set(_ bytes: UInt64, in place: Int) { word(Self.heads + place).pointee.store(bytes, ordering: .sequentiallyConsistent) }

    /// Takes back what a place has counted, when its unpacker is gone.
    public func clear(_ place: Int) { set(0, in: place) }

    private func together(atLeast least: Int) -> UInt64 {
        var sum: UInt64 = 0
        for place in 0..<max(span, least) {
            let (total, overflow) = sum.addingReportingOverflow(word(Self.heads + place).pointee.load(ordering: .sequentiallyConsistent))
            if overflow { return .max }
            sum = total
        }
        return sum
    }

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
