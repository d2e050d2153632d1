// SPDX-License-Identifier: Apache-2.0
internal import Access
internal import FunctionModel
internal import NIOCore
internal import NIOHTTP1

/// Who may call, on a host with keys. A signature is checked here on the event loop: it takes some hundredths of a millisecond, and a hash of the body is
/// taken as its pieces come.
extension Exchange {
    /// A call by the API: signed, with its body.
    ///
    /// - Returns: false where the call is refused, and the refusal is sent.
    func authorize(event function: String) -> Bool {
        guard let authority = loop.options.authority, !authority.isOpen else { return true }
        do throws(ServiceError) {
            let (caller, digest) = try authority.verify(signedHead)
            try caller.require(.invoke, function: function)
            if let digest { own.payload = PayloadCheck(promised: digest) }
            return true
        } catch {
            fail(error)
            return false
        }
    }

    /// An HTTP call to a function that has no HTTP trigger, which would say who may call it: it is signed as for the trigger type `function`.
    func authorize(call function: () -> String) -> Bool {
        guard let authority = loop.options.authority, !authority.isOpen else { return true }
        do throws(ServiceError) {
            try authority.verifyTrigger(signedHead).require(.invoke, function: function())
            return true
        } catch {
            fail(error)
            return false
        }
    }

    private var signedHead: SignedHead {
        SignedHead(method: head.method.rawValue, target: head.uri, headers: head.headers.map { ($0.name, $0.value) })
    }
}

extension PayloadCheck {
    mutating func update(_ bytes: ByteBuffer) { bytes.withUnsafeReadableBytes { update($0) } }
}
