// SPDX-License-Identifier: Apache-2.0
import Access
import FunctionModel
import HTTPTypes
import Hummingbird
import NIOCore

/// Decides who may do what. Every request of the control API passes here before anything is read or changed for it.
struct RequestAuthorization: Sendable {
    /// Who asks, for operations that look at it themselves: those whose function is named in the body, and lists.
    @TaskLocal static var caller = AccessCaller.anyone

    /// Nil lets everyone in.
    let authority: AccessAuthority?

    /// - Parameter request: its body, where it was hashed, is not read here but by the operation.
    /// - Returns: the caller, and the request with a body that ends with an error unless it is the one that was signed.
    /// - Throws: ``ServiceError`` 400 `MissingRequiredHeader`, 403 `SignatureNotMatch`, `InvalidAccessKeyID` or `AccessDenied`.
    func check(_ request: Request, _ path: ControlPath) throws(ServiceError) -> (caller: AccessCaller, request: Request) {
        guard let authority, !authority.isOpen else { return (.anyone, request) }
        // Who collects numbers cannot sign.
        if path == .metrics, let given = request.headers[.authorization], given.hasPrefix("Basic ") {
            let caller = try authority.verifyBasic(given)
            try caller.require(.read, function: nil)
            return (caller, request)
        }
        var headers = request.headers.map { (name: $0.name.canonicalName, value: $0.value) }
        headers.append(("host", request.head.authority ?? ""))
        let head = SignedHead(method: request.method.rawValue, target: request.head.path ?? "/", headers: headers)
        let (caller, payload) = try authority.verify(head, mayBeUnsigned: path.isUpload)
        // The function to be made is named in the body: its operation asks again when it has read it.
        if path != .functions || request.method == .get { try caller.require(path.action(request.method), function: path.function) }
        guard let payload else { return (caller, request) }
        var signed = request
        signed.body = RequestBody(asyncSequence: SignedBody(body: request.body, check: PayloadCheck(promised: payload)))
        return (caller, signed)
    }
}

/// A body that ends with an error unless it is the one that was signed.
private struct SignedBody: AsyncSequence, Sendable {
    typealias Element = ByteBuffer

    let body: RequestBody
    let check: PayloadCheck

    struct AsyncIterator: AsyncIteratorProtocol {
        var body: RequestBody.AsyncIterator
        var check: PayloadCheck

        mutating func next() async throws -> ByteBuffer? {
            guard let buffer = try await body.next() else {
                try check.finish()
                return nil
            }
            buffer.withUnsafeReadableBytes { check.update($0) }
            return buffer
        }
    }

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(body: body.makeAsyncIterator(), check: check) }
}

extension ControlPath {
    /// Whether the body may be sent without a hash, since it is made while it is sent.
    var isUpload: Bool {
        switch self {
        case .images, .object, .layerVersions: true
        default: false
        }
    }

    func action(_ method: HTTPRequest.Method) -> AccessAction {
        switch self {
        case .keys, .key, .roles, .role: .manage
        case .invocations: .invoke
        default: method == .get || method == .head ? .read : .manage
        }
    }

    /// The function that the path is about. What has none belongs to the host as a whole, which keeps a key for some functions away from it.
    /// `POST /functions` names its function in the body, and asks again when it has read it.
    var function: String? {
        switch self {
        case .function(let name), .functionCode(let name), .invocations(let name), .versions(let name), .aliases(let name),
            .instances(let name), .functionLogs(let name), .functionInstances(let name), .coldStarts(let name), .concurrency(let name),
            .triggers(let name), .invocationSwitch(let name, _), .asyncConfig(let name), .asyncTasks(let name), .functionHistory(let name):
            name
        case .version(_, of: let name), .alias(_, of: let name), .aliasHistory(_, of: let name), .aliasRollback(_, of: let name),
            .trigger(_, of: let name), .capacity(_, of: let name), .asyncTask(_, of: let name), .asyncTaskStop(_, of: let name),
            .deadLetter(_, of: let name):
            name
        case .functions, .concurrencies, .capacities, .tags, .regions, .asyncConfigs, .domains, .domain, .layers, .layerVersions,
            .layerVersion, .layerACL, .layerByARN, .layerCode, .unsupported, .images, .image, .imageTags, .imageArchive, .deadLetters,
            .deadLetterRedrive, .deadLetterPurge, .queue, .object, .keys, .key, .roles, .role, .host, .metrics, .console, .unknown:
            nil
        }
    }
}
