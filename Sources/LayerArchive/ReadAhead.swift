// SPDX-License-Identifier: Apache-2.0
import Glibc
import Synchronization

/// Reads a layer's tar ahead of whoever takes it, and hashes it, on a thread of its own: the one that writes files has enough to do.
///
/// The thread ends with the tar, or soon after ``stop()``. It has a descriptor of its own, so that whoever lent it the number may close that at any time.
///
/// It is not checked that it is Sendable. The thread alone writes a place of the ring, and its piece, between a `free` and a `filled`; the taker alone
/// reads them between that `filled` and the next `free`. The hash is the thread's until the end has been taken, and the taker's from then on.
final class ReadAhead: @unchecked Sendable {
    enum Piece {
        /// Bytes at the front of the place.
        case bytes(Int)
        case end
        case failed(LayerRefusal)
    }

    private static let blockSize = 256 << 10
    private static let places = 8

    private let descriptor: CInt
    /// Whether the source is a file that several unpackers may share, so that only reading at a place is safe.
    private let isFile: Bool
    private let ring = UnsafeMutableRawBufferPointer.allocate(byteCount: blockSize * places, alignment: 64)
    private let pieces = UnsafeMutablePointer<Piece>.allocate(capacity: places)
    private let free = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)
    private let filled = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)
    private let isStopped = Atomic(false)
    private var position: UInt64
    /// Bytes that are to come; nil where it is the writer of a pipe who knows.
    private var rest: UInt64?
    private var hash = SHA256Hash()
    private var taken = 0

    /// - Parameter descriptor: only borrowed.
    init(_ descriptor: CInt, isFile: Bool, offset: UInt64, length: UInt64?) throws(LayerRefusal) {
        self.descriptor = fcntl(descriptor, F_DUPFD_CLOEXEC, 3)
        self.isFile = isFile
        position = offset
        rest = length
        pieces.initialize(repeating: .end, count: Self.places)
        sem_init(free, 0, UInt32(Self.places))
        sem_init(filled, 0, 0)
        guard self.descriptor >= 0 else { throw LayerRefusal("the layer cannot be opened: \(failureText())") }
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
        pieces.deinitialize(count: Self.places).deallocate()
        ring.deallocate()
        for semaphore in [free, filled] {
            sem_destroy(semaphore)
            semaphore.deallocate()
        }
    }

    func start() throws(LayerRefusal) {
        var thread = pthread_t()
        let own = Unmanaged.passRetained(self)
        let result = pthread_create(
            &thread, nil,
            { context in
                if let context { Unmanaged<ReadAhead>.fromOpaque(context).takeRetainedValue().run() }
                return nil
            }, own.toOpaque())
        if result != 0 {
            own.release()
            throw LayerRefusal("the layer's reader cannot be started: \(failureText(result))")
        }
        pthread_detach(thread)
    }

    /// The next bytes, valid until the next call; nil at the end. Not to be called again after that, nor after an error.
    func next() throws(LayerRefusal) -> UnsafeRawBufferPointer? {
        if taken > 0 { sem_post(free) }
        wait(filled)
        let place = taken % Self.places
        taken += 1
        switch pieces[place] {
        case .bytes(let count): return UnsafeRawBufferPointer(rebasing: self.place(place)[..<count])
        case .end: return nil
        case .failed(let refusal): throw refusal
        }
    }

    /// The SHA-256 of everything, in lower-case hexadecimal; for when ``next()`` has given the end.
    func finish() -> String { hash.finish() }

    /// Nobody will take anything any more.
    func stop() {
        isStopped.store(true, ordering: .releasing)
        sem_post(free)
    }

    private func run() {
        var number = 0
        while true {
            wait(free)
            if isStopped.load(ordering: .acquiring) { return }
            let place = number % Self.places
            let piece = read(into: self.place(place))
            pieces[place] = piece
            sem_post(filled)
            guard case .bytes(let count) = piece else { return }
            // The place comes round again only on this thread: it stays as it is while it is hashed.
            hash.update(UnsafeRawBufferPointer(rebasing: self.place(place)[..<count]))
            number += 1
        }
    }

    private func read(into block: UnsafeMutableRawBufferPointer) -> Piece {
        let wanted = rest.map { Int(min(UInt64(block.count), $0)) } ?? block.count
        if wanted == 0 { return .end }
        while true {
            let count =
                isFile ? pread(descriptor, block.baseAddress, wanted, off_t(position)) : Glibc.read(descriptor, block.baseAddress, wanted)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { return .failed(LayerRefusal("the blob cannot be read: \(failureText())")) }
            if count == 0, let rest { return .failed(LayerRefusal("the blob ends \(rest) bytes before the layer does")) }
            if count == 0 { return .end }
            position += UInt64(count)
            rest = rest.map { $0 - UInt64(count) }
            return .bytes(count)
        }
    }

    private func place(_ number: Int) -> UnsafeMutableRawBufferPointer {
        UnsafeMutableRawBufferPointer(rebasing: ring[(number * Self.blockSize)..<((number + 1) * Self.blockSize)])
    }

    private func wait(_ semaphore: UnsafeMutablePointer<sem_t>) { while sem_wait(semaphore) != 0 {} }
}
