// SPDX-License-Identifier: Apache-2.0
package import NIOCore

/// What carries a connection's bytes: a socket, or a channel that makes other bytes of them (TLS, a stream of HTTP/2). To be used on its event loop.
package protocol Wire: AnyObject {
    /// Whether the other side takes more at this moment. It may be given more all the same; that waits in memory.
    var isWritable: Bool { get }
    /// The other side's numeric address, where it has one.
    var peerAddress: String? { get }

    /// Takes bytes to be sent together with those of the next ``send(_:)``.
    func write(_ bytes: ByteBuffer)
    func send(_ bytes: consuming ByteBuffer)
    /// While it is off, the kernel's buffers hold the other side back.
    func setReading(_ on: Bool)
    /// Says that no more comes, when all that was written has gone out.
    func closeOutput()
    /// Closes when all that was written has gone out.
    func closeWhenWritten()
    /// Closes now, and tells its user before it returns.
    func close()
    /// From now on a close is the ordinary one, where it was to be a reset.
    func endOrdinarily()
}

/// Whom a wire tells what comes.
package protocol WireUser: AnyObject {
    func received(_ bytes: ByteBuffer)
    /// All that had come has been told.
    func receivedAll()
    func writabilityChanged()
    /// It is closed, by whomever. Told once; `broken` where it was an error and not an end.
    func ended(broken: Bool)
}
