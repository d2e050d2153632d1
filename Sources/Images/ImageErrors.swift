// SPDX-License-Identifier: Apache-2.0
import FunctionModel
import Glibc
import LinuxSystem
import OCI
import Sandbox

extension ServiceError {
    /// The archive is wrong, or asks for more than it may.
    static func invalidImage(_ message: String) -> ServiceError { ServiceError(status: 400, code: "InvalidImage", message: message) }

    /// Why a layer could not be unpacked: it is wrong, or there is no room for it.
    static func layer(_ diffID: Digest, _ failure: UnpackFailure) -> ServiceError {
        let words = "layer \(diffID): \(failure.reason)"
        return failure.lacksRoom ? ImageSpace.refusal(words) : invalidImage(words)
    }

    static func imageNotFound(_ reference: String) -> ServiceError {
        ServiceError(
            status: 404, code: "ImageNotFound", message: "image '\(reference)' does not exist; 'swiftlet image list' shows what there is")
    }

    static func imageInUse(_ reference: String, users: [String]) -> ServiceError {
        let names = users.prefix(10).joined(separator: ", ") + (users.count > 10 ? " and \(users.count - 10) more" : "")
        return ServiceError(status: 409, code: "ImageInUse", message: "image '\(reference)' is used by \(names)")
    }

    /// Puts what went wrong while doing something into the service's words.
    static func image(_ error: any Error, while doing: String) -> any Error {
        switch error {
        case is ServiceError, is CancellationError: error
        case let error as UnpackFailure where error.lacksRoom: ImageSpace.refusal("\(doing): \(error.reason)")
        case let error as UnpackFailure: ServiceError.invalidImage("\(doing): \(error.reason)")
        case let error as ImageReferenceError: ServiceError.invalidArgument(error.description)
        case let error as SystemCallError where error.errno == ENOSPC || error.errno == EDQUOT:
            ServiceError(
                status: 507, code: "InsufficientStorage",
                message:
                    "\(doing): the disk of the state directory is full (\(error)); free some space, for example with 'swiftlet image remove'"
            )
        default: ServiceError(status: 500, code: "InternalServerError", message: "\(doing): \(error)")
        }
    }
}
