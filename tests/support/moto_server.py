"""moto's server with one thing that S3 does and moto does not: it says when uploads were begun.

Run by the Python that moto is installed for, with the arguments of moto's server.
"""

from datetime import UTC, datetime

from moto.s3.models import FakeMultipart
from moto.s3.responses import S3Response
from moto.server import main

begin, serialized = FakeMultipart.__init__, S3Response.serialized
begun = {}


def noted_begin(self, *args, **kwargs):
    begin(self, *args, **kwargs)
    begun[self.id] = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def timed(self, action):
    for upload in action.result.get("Uploads", ()) if isinstance(action.result, dict) else ():
        upload["Initiated"] = begun.get(upload["UploadId"], upload["Initiated"])
    return serialized(self, action)


FakeMultipart.__init__, S3Response.serialized = noted_begin, timed
main()
