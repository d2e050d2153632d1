// SPDX-License-Identifier: Apache-2.0
import FunctionModel
import HTTPTypes
import Hummingbird

/// Hummingbird has a type of this name too; here it is always an invocation's or a request's.
typealias RequestID = FunctionModel.RequestID

/// The headers of Function Compute's envelope.
extension HTTPField.Name {
    static let requestID = HTTPField.Name("x-fc-request-id")!
}

/// Bodies are JSON objects, also those of errors: the SDKs lose code and status of an answer that has none.
extension Response {
    init(json: JSONValue, status: HTTPResponse.Status = .ok) {
        var bytes: [UInt8] = []
        json.append(to: &bytes)
        self.init(status: status, headers: [.contentType: "application/json"], body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    }

    init(error: ServiceError, request: RequestID) {
        let body: JSONValue = ["Code": .string(error.code), "Message": .string(error.message), "RequestId": .string(request.text)]
        self.init(json: body, status: HTTPResponse.Status(code: error.status))
    }

    /// The answer of an operation that has nothing to tell.
    static var nothing: Response { Response(status: .noContent) }
}
