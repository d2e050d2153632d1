// SPDX-License-Identifier: Apache-2.0
public import FunctionModel

/// Where the output of instances goes. Activation hands each instance's pipes over here and never reads them itself.
///
/// Every function of this protocol and of ``InstanceLog`` is called from event loops: it must return at once.
public protocol InstanceLogSink: Sendable {
    /// Takes over the output of an instance that has just started.
    ///
    /// The receiver owns both descriptors (read ends of pipes) from here on, reads them until they end whatever comes out of them, and closes them.
    func begin(_ instance: InstanceID, function: String, version: String, standardOutput: CInt, standardError: CInt) -> any InstanceLog

    /// One `platform` line about an instance that has no ``InstanceLog``, because it never started.
    func platform(_ message: String, instance: InstanceID, function: String, version: String)
}

/// The log of one instance. It is the instance's own, so that calls of different instances share no lock.
public protocol InstanceLog: AnyObject, Sendable {
    /// An invocation begins: writes `FC Invoke Start RequestId: <id>`. Output is marked with the request, and with its trace, while it is the only one.
    ///
    /// - Parameter trace: 32 hexadecimal digits; nil where nobody records one.
    func requestStarted(_ request: RequestID, trace: String?)

    /// An invocation ended: writes `FC Invoke End RequestId: <id>`, and `, Error: <error>` after it where there was one.
    func requestFinished(_ request: RequestID, error: String?)

    /// One `platform` line, for example why the instance ends.
    func platform(_ message: String, request: RequestID?)

    /// The last output of the program, both streams in the order of their arrival, lines separated by `\n`, at most `bytes` long, whole lines
    /// where they fit. Everything that was in the pipes at the time of the call is read first.
    func lastOutput(bytes: Int, completion: @escaping @Sendable (String) -> Void)

    /// The last `bytes` of one request's lines, from its `FC Invoke Start` on, lines ended by `\r\n`. Everything that was in the pipes at the
    /// time of the call is read first. Asked for at concurrency 1 only, before or right after ``requestFinished(_:error:)``, so keeping the
    /// lines of the newest request is enough.
    func tail(_ request: RequestID, bytes: Int, completion: @escaping @Sendable (String) -> Void)

    /// The instance has ended: what is left in the pipes is read, then both are closed, even if a stray process still holds their other ends.
    func end()
}

extension InstanceLog {
    public func requestStarted(_ request: RequestID) { requestStarted(request, trace: nil) }
}
